-- +goose Up
CREATE TABLE anysms_codes (
	key        TEXT PRIMARY KEY,
	started_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	sends      BIGINT NOT NULL,
	tries      BIGINT NOT NULL,
	used       BIGINT NOT NULL,
	length     BIGINT NOT NULL,
	body       TEXT NOT NULL,
	number     TEXT NOT NULL,
	prefix     TEXT NOT NULL,
	country    TEXT NOT NULL,
	provider   TEXT NOT NULL,
	message    TEXT NOT NULL
);
CREATE INDEX anysms_codes_expires ON anysms_codes (expires_at);

-- +goose Down
DROP TABLE anysms_codes;
