-- SQLite and PostgreSQL both read this: texts and whole numbers alone. Times are milliseconds after the beginning of 1970 in UTC.

CREATE TABLE changes (
  id TEXT PRIMARY KEY,
  driver TEXT NOT NULL,
  provider TEXT NOT NULL,
  owner TEXT NOT NULL,
  firewall TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  operation TEXT NOT NULL,
  why TEXT,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  confirm_by BIGINT,
  ended_at BIGINT,
  undone_by TEXT,
  note TEXT,
  attempts BIGINT NOT NULL,
  forgot_expiry BIGINT NOT NULL,
  held_by TEXT,
  held_until BIGINT,
  firewall_before TEXT,
  firewall_after TEXT,
  -- The credentials that it is ended with: sealed, in base64.
  sealed TEXT
);

-- Of a firewall, one change is open at a time.
CREATE UNIQUE INDEX changes_open ON changes (driver, provider, owner, firewall)
  WHERE state IN ('applying', 'trying', 'undoing');
CREATE INDEX changes_of_firewall ON changes (driver, provider, firewall, id);
CREATE INDEX changes_by_time ON changes (made_at);

-- How the last change of each firewall has left it.
CREATE TABLE firewalls (
  driver TEXT NOT NULL,
  provider TEXT NOT NULL,
  owner TEXT NOT NULL,
  firewall TEXT NOT NULL,
  left_by TEXT NOT NULL,
  left_as TEXT NOT NULL,
  PRIMARY KEY (driver, provider, owner, firewall)
);

CREATE TABLE expiries (
  id TEXT PRIMARY KEY,
  change_id TEXT NOT NULL,
  driver TEXT NOT NULL,
  provider TEXT NOT NULL,
  owner TEXT NOT NULL,
  firewall TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  rule TEXT NOT NULL,
  cloud_id TEXT,
  due BIGINT NOT NULL,
  held_by TEXT,
  held_until BIGINT,
  sealed TEXT
);
CREATE INDEX expiries_of_change ON expiries (change_id);

-- What the key is known by, in one row.
CREATE TABLE key_check (
  id BIGINT PRIMARY KEY,
  sealed TEXT NOT NULL
);
