"""Everything the simulator remembers, as SQLite tables."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS app (
    agentid INTEGER PRIMARY KEY, name TEXT NOT NULL, secret TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL DEFAULT 1,
    callable INTEGER NOT NULL DEFAULT 1,           -- listed in 可调用接口的应用
    since_2022 INTEGER NOT NULL DEFAULT 1,         -- such apps do not read phones, avatars, sex
    scope_parties TEXT NOT NULL DEFAULT '[1]', scope_users TEXT NOT NULL DEFAULT '[]',
    trusted_ips TEXT NOT NULL DEFAULT '[]',        -- empty: any
    trusted_domains TEXT NOT NULL DEFAULT '[]',    -- empty: any
    callback_url TEXT NOT NULL DEFAULT '', token TEXT NOT NULL, encoding_aes_key TEXT NOT NULL,
    ticks TEXT NOT NULL DEFAULT '["change_external_contact","change_external_tag"]');

CREATE TABLE IF NOT EXISTS access_token (
    token TEXT PRIMARY KEY, agentid INTEGER NOT NULL, issued_at REAL NOT NULL,
    expires_at REAL NOT NULL, superseded INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ticket (
    ticket TEXT PRIMARY KEY, kind TEXT NOT NULL, agentid INTEGER NOT NULL,
    expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS login_code (
    code TEXT PRIMARY KEY, agentid INTEGER NOT NULL, userid TEXT NOT NULL DEFAULT '',
    external_userid TEXT NOT NULL DEFAULT '', openid TEXT NOT NULL DEFAULT '',
    private INTEGER NOT NULL DEFAULT 0, issued_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user_ticket (
    ticket TEXT PRIMARY KEY, userid TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS department (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL DEFAULT '',
    parentid INTEGER NOT NULL, ord INTEGER NOT NULL DEFAULT 0,
    leaders TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS member (
    id INTEGER PRIMARY KEY, userid TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 1,             -- 1 active 2 disabled 4 not activated 5 left
    customer_contact INTEGER NOT NULL DEFAULT 1,
    departments TEXT NOT NULL DEFAULT '[1]', leads TEXT NOT NULL DEFAULT '[]',
    orders TEXT NOT NULL DEFAULT '[]', position TEXT NOT NULL DEFAULT '',
    mobile TEXT NOT NULL DEFAULT '', gender TEXT NOT NULL DEFAULT '0',
    email TEXT NOT NULL DEFAULT '', alias TEXT NOT NULL DEFAULT '',
    telephone TEXT NOT NULL DEFAULT '', direct_leader TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS member_tag (
    tagid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, userids TEXT NOT NULL DEFAULT '[]',
    parties TEXT NOT NULL DEFAULT '[]');

CREATE TABLE IF NOT EXISTS person (
    id INTEGER PRIMARY KEY, external_userid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    type INTEGER NOT NULL DEFAULT 1, gender INTEGER NOT NULL DEFAULT 0, unionid TEXT, avatar TEXT);
CREATE TABLE IF NOT EXISTS person_work (           -- of type 2, who use WeCom at another corp
    person INTEGER PRIMARY KEY, position TEXT NOT NULL, corp_name TEXT NOT NULL,
    corp_full_name TEXT NOT NULL);
-- state: 0 applied 1 half 2 mutual 3 deleted by the customer 4 deleted by the member
CREATE TABLE IF NOT EXISTS relation (
    member INTEGER NOT NULL, person INTEGER NOT NULL, state INTEGER NOT NULL,
    remark TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
    remark_company TEXT, mobiles TEXT, add_way INTEGER NOT NULL DEFAULT 1,
    way_state TEXT, oper_userid TEXT, createtime INTEGER NOT NULL, last_chat_at REAL,
    PRIMARY KEY (member, person)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS relation_by_person ON relation (person, member);
-- The API still lists a member whom the customer deleted; a half relation is none yet (doc 90313).
CREATE VIEW IF NOT EXISTS customer AS SELECT * FROM relation WHERE state IN (2, 3);

CREATE TABLE IF NOT EXISTS tag_group (
    id INTEGER PRIMARY KEY, group_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    ord INTEGER NOT NULL DEFAULT 0, create_time INTEGER NOT NULL, agentid INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tag (
    id INTEGER PRIMARY KEY, tag_id TEXT NOT NULL UNIQUE, grp INTEGER NOT NULL, name TEXT NOT NULL,
    ord INTEGER NOT NULL DEFAULT 0, create_time INTEGER NOT NULL, agentid INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS tag_by_group ON tag (grp);
CREATE TABLE IF NOT EXISTS relation_tag (
    member INTEGER NOT NULL, person INTEGER NOT NULL, tag INTEGER NOT NULL,
    PRIMARY KEY (member, person, tag)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS relation_tag_by_tag ON relation_tag (tag);

CREATE TABLE IF NOT EXISTS contact_way (
    config_id TEXT PRIMARY KEY, agentid INTEGER NOT NULL, create_time INTEGER NOT NULL,
    users TEXT NOT NULL, parties TEXT NOT NULL, fields TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS welcome_code (
    code TEXT PRIMARY KEY, member INTEGER NOT NULL, person INTEGER NOT NULL,
    issued_at REAL NOT NULL, taken_by INTEGER, taken_at REAL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS mass_message (
    id INTEGER PRIMARY KEY, msgid TEXT NOT NULL UNIQUE, agentid INTEGER NOT NULL,
    create_type INTEGER NOT NULL, creator TEXT, content TEXT NOT NULL, attachments TEXT NOT NULL,
    allow_select INTEGER NOT NULL, created_at REAL NOT NULL, ready_at REAL NOT NULL,
    cancelled_at REAL, reminded TEXT NOT NULL DEFAULT '[]');
CREATE INDEX IF NOT EXISTS mass_message_by_time ON mass_message (created_at);
CREATE TABLE IF NOT EXISTS mass_task (
    message INTEGER NOT NULL, member INTEGER NOT NULL, send_time REAL, opened_at REAL,
    ignored_at REAL, PRIMARY KEY (message, member)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mass_task_by_member ON mass_task (member);
CREATE TABLE IF NOT EXISTS mass_recipient (
    message INTEGER NOT NULL, member INTEGER NOT NULL, person INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 0, send_time REAL,
    PRIMARY KEY (message, member, person)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mass_received ON mass_recipient (person, send_time) WHERE status = 1;

-- kind: welcome (server-made), said (by the member), heard (from the customer)
CREATE TABLE IF NOT EXISTS chat (
    id INTEGER PRIMARY KEY, member INTEGER NOT NULL, person INTEGER NOT NULL, kind TEXT NOT NULL,
    content TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS chat_by_person ON chat (person, at);

CREATE TABLE IF NOT EXISTS behaviour (
    member INTEGER NOT NULL, day INTEGER NOT NULL, new_apply INTEGER NOT NULL DEFAULT 0,
    new_contact INTEGER NOT NULL DEFAULT 0, chat INTEGER NOT NULL DEFAULT 0,
    message INTEGER NOT NULL DEFAULT 0, asked INTEGER NOT NULL DEFAULT 0,
    replied INTEGER NOT NULL DEFAULT 0, reply_minutes REAL NOT NULL DEFAULT 0,
    negative INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (member, day)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS media (
    media_id TEXT PRIMARY KEY, type TEXT NOT NULL, filename TEXT NOT NULL,
    content_type TEXT NOT NULL, created_at REAL NOT NULL, scene TEXT NOT NULL,
    content BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS app_message (
    id INTEGER PRIMARY KEY, msgid TEXT NOT NULL, agentid INTEGER NOT NULL, member INTEGER NOT NULL,
    msgtype TEXT NOT NULL, content TEXT NOT NULL, at REAL NOT NULL,
    recalled INTEGER NOT NULL DEFAULT 0, response_code TEXT);
CREATE INDEX IF NOT EXISTS app_message_by_member ON app_message (member, at);
CREATE INDEX IF NOT EXISTS app_message_by_msgid ON app_message (msgid);
CREATE TABLE IF NOT EXISTS card_task (
    agentid INTEGER NOT NULL, task_id TEXT NOT NULL, msgid TEXT NOT NULL,
    PRIMARY KEY (agentid, task_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS card_code (             -- until used
    code TEXT PRIMARY KEY, msgid TEXT NOT NULL, issued_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_message_digest (
    digest TEXT PRIMARY KEY, at REAL NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, agentid INTEGER NOT NULL, xml TEXT NOT NULL);
"""
