-- Fewer index entries for each message: a claim is found by the ref of its message; the
-- messages being sent are found by their attempts; the index of texts does not change with
-- each attempt; and a job is one entry instead of two.

-- +goose Up
DROP INDEX anysms_claims_message;

DROP INDEX anysms_messages_status;
CREATE INDEX anysms_messages_status ON anysms_messages (status, id) WHERE status <> 'sending';

DROP INDEX anysms_messages_text;
CREATE INDEX anysms_messages_text ON anysms_messages (id) WHERE body <> '' AND status <> 'queued';

ALTER TABLE anysms_queue RENAME TO anysms_queue_old;
CREATE TABLE anysms_queue (
	message    TEXT PRIMARY KEY,
	class      TEXT NOT NULL,
	state      TEXT NOT NULL,
	due_at     BIGINT NOT NULL,
	give_up_at BIGINT NOT NULL,
	tries      BIGINT NOT NULL,
	reason     TEXT NOT NULL,
	payload    TEXT NOT NULL,
	wake       BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO anysms_queue (message, class, state, due_at, give_up_at, tries, reason, payload, wake, created_at, updated_at)
	SELECT message, class, state, due_at, give_up_at, tries, reason, payload, wake, created_at, updated_at FROM anysms_queue_old;
DROP TABLE anysms_queue_old;
CREATE INDEX anysms_queue_due ON anysms_queue (class, state, due_at, message);

-- +goose Down
CREATE INDEX anysms_claims_message ON anysms_claims (message);
DROP INDEX anysms_messages_status;
CREATE INDEX anysms_messages_status ON anysms_messages (status, id);
DROP INDEX anysms_messages_text;
CREATE INDEX anysms_messages_text ON anysms_messages (last_attempt_at) WHERE body <> '';
