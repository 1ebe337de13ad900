-- A claim is found by the ref of its message; and texts to erase are found beside any number
-- of messages that wait in the queue, as in SQLite.

-- +goose Up
DROP INDEX anysms_claims_message;
DROP INDEX anysms_messages_text;
CREATE INDEX anysms_messages_text ON anysms_messages (id) WHERE body <> '' AND status <> 'queued';

-- +goose Down
CREATE INDEX anysms_claims_message ON anysms_claims (message);
DROP INDEX anysms_messages_text;
CREATE INDEX anysms_messages_text ON anysms_messages (last_attempt_at) WHERE body <> '';
