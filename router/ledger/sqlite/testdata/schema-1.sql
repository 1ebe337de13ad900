PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE anysms_schema (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO anysms_schema VALUES(1,0,1,'2026-11-21 21:38:14');
INSERT INTO anysms_schema VALUES(2,1,1,'2026-11-21 21:38:14');
CREATE TABLE anysms_meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
INSERT INTO anysms_meta VALUES('oldest_program','1');
INSERT INTO anysms_meta VALUES('key_check','0629bcc75153e9d0fbb2788db00ab994');
CREATE TABLE anysms_messages (
	id                 TEXT PRIMARY KEY,
	namespace          TEXT NOT NULL,
	ref                TEXT NOT NULL,
	status             TEXT NOT NULL,
	code               TEXT NOT NULL,
	reason             TEXT NOT NULL,
	recipient          TEXT NOT NULL,
	sender             TEXT NOT NULL,
	body               TEXT NOT NULL,
	class              TEXT NOT NULL,
	tag                TEXT NOT NULL,
	country            TEXT NOT NULL,
	provider           TEXT NOT NULL,
	provider_id        TEXT NOT NULL,
	encoding           TEXT NOT NULL,
	segments           BIGINT NOT NULL,
	cost_micros        BIGINT NOT NULL,
	cost_currency      TEXT NOT NULL,
	cost_estimated     BIGINT NOT NULL,
	duplicate_possible BIGINT NOT NULL,
	ignored            TEXT NOT NULL,
	created_at         BIGINT NOT NULL,
	updated_at         BIGINT NOT NULL,
	last_attempt_at    BIGINT NOT NULL,
	concluded          TEXT NOT NULL,
	cancelled          BIGINT NOT NULL,
	tombstone          TEXT NOT NULL DEFAULT ''
);
INSERT INTO anysms_messages VALUES('msg_01a2000b-ac4e-7be4-98e4-b0b6666d3ac8','','one','accepted','','','+306941234567','','Your parcel is here.','','','GR','fake','m1','gsm7',1,0,'',0,0,'',1795297094734271,1795297094736621,1795297094734271,'accepted',0,'');
INSERT INTO anysms_messages VALUES('msg_01a2000b-acb9-7be4-93ed-d1ee4a09ddc1','','doubt','unknown','indeterminate','set by the configuration','+306941234567','','Your parcel is here.','','','GR','fake','','gsm7',1,0,'',0,0,'',1795297094841022,1795297094859606,1795297094841022,'unknown',0,'');
INSERT INTO anysms_messages VALUES('msg_01a2000b-ad15-7d49-97d5-581911ad4b02','','down','not_sent','unavailable','set by the configuration','+306941234567','','','','','GR','fake','','gsm7',1,0,'',0,0,'',1795297094933944,1795297095191005,1795297095187078,'not_sent',0,'');
INSERT INTO anysms_messages VALUES('msg_01a2000b-ae85-7e9c-ba9f-015e3c6ec119','','two','accepted','','','+12125550123','','Your parcel is here.','','','US','fake','m1','gsm7',1,0,'',0,0,'',1795297095301643,1795297095310878,1795297095301643,'accepted',0,'');
INSERT INTO anysms_messages VALUES('msg_01a2000b-aede-742c-952a-d16f48539da5','','','delivered','','','+306941234568','','','','','GR','fake','m1','gsm7',1,0,'',0,0,'',1795297095390674,1795297095729962,1795297095390674,'accepted',0,'');
CREATE TABLE anysms_attempts (
	id           TEXT PRIMARY KEY,
	message      TEXT NOT NULL,
	owner        TEXT NOT NULL,
	run          TEXT NOT NULL,
	provider     TEXT NOT NULL,
	outcome      TEXT NOT NULL,
	settled      TEXT NOT NULL,
	contradicted BIGINT NOT NULL,
	code         TEXT NOT NULL,
	vendor_code  TEXT NOT NULL,
	reason       TEXT NOT NULL,
	provider_id  TEXT NOT NULL,
	started_at   BIGINT NOT NULL,
	duration_us  BIGINT NOT NULL,
	reconciled   BIGINT NOT NULL,
	abandoned    BIGINT NOT NULL
);
INSERT INTO anysms_attempts VALUES('att_01a2000b-ac4e-7760-af08-d4e022a4902a','msg_01a2000b-ac4e-7be4-98e4-b0b6666d3ac8','4ZVKDT6GKBX7VAO77WKSSI3CLR','nk5r5i4s5iowueccdsl6oujfmt','fake','accepted','accepted',0,'','','','m1',1795297094736568,8,0,0);
INSERT INTO anysms_attempts VALUES('att_01a2000b-acb8-7820-aaeb-d6ab55469b4b','msg_01a2000b-acb9-7be4-93ed-d1ee4a09ddc1','4MFPT2HZGD3FPSYHSQI2FDJMEA','r5vodftwkbwhdqavrjupj3f2x7','fake','unknown','unknown',0,'indeterminate','','set by the configuration','',1795297094859457,54,0,0);
INSERT INTO anysms_attempts VALUES('att_01a2000b-ad15-7639-8366-55f87de8fb37','msg_01a2000b-ad15-7d49-97d5-581911ad4b02','B5N4TP563VC3NGSAKQFMAJFKDB','c3waktbz7xdmlaj4roh4nhojeq','fake','not_sent','not_sent',0,'unavailable','','set by the configuration','',1795297094947440,35,0,0);
INSERT INTO anysms_attempts VALUES('att_01a2000b-ae12-79fb-a2c0-764a78af97c1','msg_01a2000b-ad15-7d49-97d5-581911ad4b02','B5N4TP563VC3NGSAKQFMAJFKDB','c3waktbz7xdmlaj4roh4nhojeq','fake','not_sent','not_sent',0,'unavailable','','set by the configuration','',1795297095190897,32,0,0);
INSERT INTO anysms_attempts VALUES('att_01a2000b-ae85-7e36-b8d4-610c45b28627','msg_01a2000b-ae85-7e9c-ba9f-015e3c6ec119','TDQGO7YWTI6K6YGILBL6OOLWQ7','xwocgszxie2aerb7rbzy5udkjg','fake','accepted','accepted',0,'','','','m1',1795297095310382,169,0,0);
INSERT INTO anysms_attempts VALUES('att_01a2000b-aede-71f6-9589-2850a4d0ee1b','msg_01a2000b-aede-742c-952a-d16f48539da5','2efed287c0619e1392add5ea395c29a733e5d28a3f6fca1722533eb18a449065-5ZB4RBSB7VVHQBS6ES4MGF2ZMM','y4akj77wsq7jfitahqhvfvkcwy','fake','accepted','accepted',0,'','','','m1',1795297095400667,10,0,0);
CREATE TABLE anysms_segments (
	provider_id TEXT NOT NULL,
	provider    TEXT NOT NULL,
	message     TEXT NOT NULL,
	PRIMARY KEY (provider_id, provider)
);
CREATE TABLE anysms_events (
	seq            INTEGER PRIMARY KEY AUTOINCREMENT,
	event_key      TEXT NOT NULL UNIQUE,
	provider       TEXT NOT NULL,
	kind           TEXT NOT NULL,
	message        TEXT NOT NULL,
	attempt        TEXT NOT NULL,
	provider_id    TEXT NOT NULL,
	status         TEXT NOT NULL,
	final          BIGINT NOT NULL,
	segment        BIGINT NOT NULL,
	segment_of     BIGINT NOT NULL,
	segment_status TEXT NOT NULL,
	vendor_time    BIGINT NOT NULL,
	received_at    BIGINT NOT NULL,
	code           TEXT NOT NULL,
	vendor_status  TEXT NOT NULL,
	vendor_code    TEXT NOT NULL,
	peer           TEXT NOT NULL,
	detail         TEXT NOT NULL
);
INSERT INTO anysms_events VALUES(1,'11a823fc471e27c43843a6b842782dbd','fake','report','msg_01a2000b-aede-742c-952a-d16f48539da5','att_01a2000b-aede-71f6-9589-2850a4d0ee1b','m1','delivered',1,0,0,'',1795262400000000,1795297095729962,'','delivered','','','');
INSERT INTO anysms_events VALUES(2,'111d972eec9459b628f5f33c61abffc5','fake','report','','','nobody-s','sent',0,0,0,'',1795262400000000,1795297095736333,'','sent','','','');
INSERT INTO anysms_events VALUES(3,'24a3eded9a0c04e77f560b69831a72d0','fake','inbound','','','i','',0,0,0,'',0,1795297095737062,'','','','+306941234599','{"text":"STOP"}');
CREATE TABLE anysms_claims (
	namespace   TEXT NOT NULL,
	ref         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	message     TEXT NOT NULL,
	owner       TEXT NOT NULL,
	run         TEXT NOT NULL,
	keep_until  BIGINT NOT NULL,
	PRIMARY KEY (namespace, ref)
);
INSERT INTO anysms_claims VALUES('','one','9ea9eeebf30d444214c320e6469e372d','msg_01a2000b-ac4e-7be4-98e4-b0b6666d3ac8','','',1803073094736621);
INSERT INTO anysms_claims VALUES('','doubt','9ea9eeebf30d444214c320e6469e372d','msg_01a2000b-acb9-7be4-93ed-d1ee4a09ddc1','','',1803073094859606);
INSERT INTO anysms_claims VALUES('','down','9ea9eeebf30d444214c320e6469e372d','msg_01a2000b-ad15-7d49-97d5-581911ad4b02','','',1803073095191005);
INSERT INTO anysms_claims VALUES('','two','f5c086307a9a9eeabf9b65e092511d89','msg_01a2000b-ae85-7e9c-ba9f-015e3c6ec119','','',1803073095310878);
CREATE TABLE anysms_optouts (
	number      TEXT NOT NULL,
	scope       TEXT NOT NULL,
	scope_value TEXT NOT NULL,
	source      TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (number, scope, scope_value)
);
INSERT INTO anysms_optouts VALUES('+306941234599','all','','reply',1795297095737062);
INSERT INTO anysms_optouts VALUES('+306900000001','all','','api',1795297095802409);
CREATE TABLE anysms_cursors (
	name       TEXT PRIMARY KEY,
	value      TEXT NOT NULL,
	updated_at BIGINT NOT NULL
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('anysms_schema',2);
INSERT INTO sqlite_sequence VALUES('anysms_events',3);
CREATE INDEX anysms_messages_ref ON anysms_messages (ref, id) WHERE ref <> '';
CREATE INDEX anysms_messages_recipient ON anysms_messages (recipient, id);
CREATE INDEX anysms_messages_status ON anysms_messages (status, id);
CREATE INDEX anysms_messages_created ON anysms_messages (created_at);
CREATE INDEX anysms_messages_text ON anysms_messages (last_attempt_at) WHERE body <> '';
CREATE INDEX anysms_attempts_message ON anysms_attempts (message);
CREATE INDEX anysms_attempts_started ON anysms_attempts (started_at);
CREATE INDEX anysms_attempts_provider_id ON anysms_attempts (provider_id, provider, started_at) WHERE provider_id <> '';
CREATE INDEX anysms_attempts_under_way ON anysms_attempts (message) WHERE outcome = '';
CREATE INDEX anysms_segments_message ON anysms_segments (message);
CREATE INDEX anysms_events_message ON anysms_events (message) WHERE message <> '';
CREATE INDEX anysms_events_parked ON anysms_events (provider_id) WHERE message = '';
CREATE INDEX anysms_events_received ON anysms_events (received_at);
CREATE INDEX anysms_events_peer ON anysms_events (peer) WHERE peer <> '';
CREATE INDEX anysms_claims_message ON anysms_claims (message);
COMMIT;
