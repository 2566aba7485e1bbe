-- The table in which SessionManager keeps its sessions.

CREATE TABLE IF NOT EXISTS sessions (
    session_id    varchar(100) PRIMARY KEY,
    user_id       integer,
    metadata      text,
    created_at    timestamptz  NOT NULL DEFAULT current_timestamp,
    expires_at    timestamptz  NOT NULL,
    last_activity timestamptz  NOT NULL DEFAULT current_timestamp,
    request_count integer      NOT NULL DEFAULT 0
);

CREATE INDEX IF NOT EXISTS idx_expires_at ON sessions (expires_at);

CREATE INDEX IF NOT EXISTS idx_session_id ON sessions (session_id);
