-- +goose Up
CREATE TABLE anysms_commits (
	name TEXT PRIMARY KEY,
	n    BIGINT NOT NULL
);
INSERT INTO anysms_commits (name, n) VALUES ('commits', 0);

-- +goose Down
DROP TABLE anysms_commits;
