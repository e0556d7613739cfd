create table messages (
    id bigint primary key,
    channel_id bigint not null references channels (id) on delete cascade,
    author_id bigint not null references users (id),
    nonce text not null,
    content text not null,
    edited_at bigint,
    unique (author_id, nonce)
);

create index messages_by_channel on messages (channel_id, id);

create table read_states (
    user_id bigint not null references users (id) on delete cascade,
    channel_id bigint not null references channels (id) on delete cascade,
    last_read_id bigint not null,
    primary key (user_id, channel_id)
);

create index read_states_by_channel on read_states (channel_id);
