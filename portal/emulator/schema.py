"""The tables of the emulator's store. Objects are kept as the JSON that goes on the wire, beside the few columns
that queries need; what must never be shown to a client (a card's behaviour, a secret) sits in `private`.
"""

TABLES = ("settings", "objects", "deliveries", "attempts", "idempotency")

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    customer TEXT,
    subscription TEXT,
    invoice TEXT,
    status TEXT,
    test_clock TEXT,
    due_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    private TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_id ON objects (object, id);
CREATE INDEX IF NOT EXISTS objects_created ON objects (object, created, seq);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (object, customer, created, seq) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_subscription ON objects (object, subscription) WHERE subscription IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_invoice ON objects (object, invoice) WHERE invoice IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_clock ON objects (test_clock) WHERE test_clock IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_due ON objects (test_clock, due_at, seq) WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    leased_until INTEGER
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);

CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_event ON attempts (event);

CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);
"""
