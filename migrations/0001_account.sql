create table users (
    id bigint primary key,
    username text not null unique,
    display_name text not null,
    password_hash text not null,
    is_admin boolean not null
);

create table sessions (
    id bigint primary key,
    user_id bigint not null references users (id) on delete cascade,
    token_hash text not null unique,
    device text not null,
    last_used_at bigint not null
);

create index sessions_by_user on sessions (user_id);

create table settings (
    name text primary key,
    value text not null
);
