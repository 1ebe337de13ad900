-- +goose Up
CREATE TABLE anysms_callback_tokens (
	provider   TEXT NOT NULL,
	token      TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (provider, token)
);

-- +goose Down
DROP TABLE anysms_callback_tokens;
