-- +goose Up
CREATE TABLE anysms_limits (
	name     TEXT PRIMARY KEY,
	until_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE anysms_limits;
