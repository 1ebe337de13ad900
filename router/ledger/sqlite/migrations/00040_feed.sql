-- +goose Up
CREATE TABLE anysms_feed (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	kind      TEXT NOT NULL,
	at        BIGINT NOT NULL,
	namespace TEXT NOT NULL,
	subject   TEXT NOT NULL,
	detail    TEXT NOT NULL
);
CREATE INDEX anysms_feed_at ON anysms_feed (at);

-- +goose Down
DROP TABLE anysms_feed;
