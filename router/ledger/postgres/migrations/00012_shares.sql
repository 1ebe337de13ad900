-- +goose Up
CREATE TABLE anysms_shares (
	name    TEXT NOT NULL,
	run     BIGINT NOT NULL,
	want    BIGINT NOT NULL,
	granted BIGINT NOT NULL,
	PRIMARY KEY (name, run)
);

-- +goose Down
DROP TABLE anysms_shares;
