-- Outlives the membership, so that nobody gets rid of it by leaving and coming back.
create table restraints (
    guild_id bigint not null references guilds (id) on delete cascade,
    user_id bigint not null references users (id) on delete cascade,
    server_muted boolean not null,
    server_deafened boolean not null,
    primary key (guild_id, user_id)
);

create index restraints_by_user on restraints (user_id);

alter table channels add column user_limit bigint not null default 0;
alter table channels add column bitrate bigint not null default 64000;

alter table guilds add column afk_channel_id bigint references channels (id) on delete set null;
alter table guilds add column afk_timeout_s bigint not null default 300;

create index guilds_by_afk_channel on guilds (afk_channel_id);
