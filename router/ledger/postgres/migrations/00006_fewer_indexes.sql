-- The ids begin with these times.

-- +goose Up
DROP INDEX anysms_messages_created;
DROP INDEX anysms_attempts_started;

-- +goose Down
CREATE INDEX anysms_messages_created ON anysms_messages (created_at);
CREATE INDEX anysms_attempts_started ON anysms_attempts (started_at);
