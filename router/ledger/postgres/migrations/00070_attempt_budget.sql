-- A queued message has one attempt budget over all sends. Attempts that found the providers
-- out, and those before it was put back into the queue, do not count.

-- +goose Up
ALTER TABLE anysms_queue ADD COLUMN free_attempts BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE anysms_queue DROP COLUMN free_attempts;
