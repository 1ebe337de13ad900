-- +goose Up
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
);
CREATE INDEX anysms_queue_due ON anysms_queue (class, state, due_at, message);

-- +goose Down
DROP TABLE anysms_queue;
