-- The ids begin with these times, and a message names its claim by its ref.

-- +goose Up
DROP INDEX anysms_messages_created;
DROP INDEX anysms_attempts_started;
DROP INDEX anysms_claims_message;

-- +goose Down
CREATE INDEX anysms_messages_created ON anysms_messages (created_at);
CREATE INDEX anysms_attempts_started ON anysms_attempts (started_at);
CREATE INDEX anysms_claims_message ON anysms_claims (message);
