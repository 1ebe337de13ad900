-- Lists by status, namespace, class and provider in any combination are merged from this
-- index, and those by tag have one.

-- +goose Up
DROP INDEX anysms_messages_status;
CREATE INDEX anysms_messages_lists ON anysms_messages (status, namespace, class, provider, id) WHERE status <> 'sending';
CREATE INDEX anysms_messages_tag ON anysms_messages (tag, id) WHERE tag <> '';

-- +goose Down
DROP INDEX anysms_messages_tag;
DROP INDEX anysms_messages_lists;
CREATE INDEX anysms_messages_status ON anysms_messages (status, id) WHERE status <> 'sending';
