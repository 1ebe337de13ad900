-- +goose Up
CREATE TABLE anysms_feed (
	seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind      TEXT NOT NULL,
	at        BIGINT NOT NULL,
	namespace TEXT NOT NULL,
	subject   TEXT NOT NULL,
	detail    TEXT NOT NULL
);
CREATE INDEX anysms_feed_at ON anysms_feed (at);

-- +goose Down
DROP TABLE anysms_feed;
