create table guilds (
    id bigint primary key,
    name text not null,
    owner_id bigint not null references users (id)
);

create index guilds_by_owner on guilds (owner_id);

create table members (
    guild_id bigint not null references guilds (id) on delete cascade,
    user_id bigint not null references users (id) on delete cascade,
    joined_at bigint not null,
    primary key (guild_id, user_id)
);

create index members_by_user on members (user_id);

create table channels (
    id bigint primary key,
    guild_id bigint not null references guilds (id) on delete cascade,
    kind text not null check (kind in ('text', 'voice', 'category')),
    name text not null,
    topic text not null,
    parent_id bigint references channels (id) on delete set null,
    position bigint not null,
    last_message_id bigint
);

create index channels_by_guild on channels (guild_id);
create index channels_by_parent on channels (parent_id);

create table invites (
    id bigint primary key,
    code_hash text not null unique,
    guild_id bigint references guilds (id) on delete cascade,
    inviter_id bigint not null references users (id) on delete cascade,
    max_uses bigint,
    uses bigint not null,
    expires_at bigint,
    check (max_uses is null or uses <= max_uses)
);

create index invites_by_guild on invites (guild_id);
