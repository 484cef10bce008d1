CREATE TABLE board (
  id INTEGER NOT NULL CONSTRAINT ck_board_single CHECK (id = 1),
  data_version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  CONSTRAINT pk_board PRIMARY KEY (id)
);
CREATE TABLE audit (
  seq INTEGER NOT NULL,
  at {time} NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  CONSTRAINT pk_audit PRIMARY KEY (seq)
);
CREATE TABLE versions (
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  active_from {time} NOT NULL,
  active_until {time},
  tasks TEXT NOT NULL,
  notes TEXT NOT NULL,
  digest TEXT NOT NULL,
  rows INTEGER NOT NULL,
  CONSTRAINT pk_versions PRIMARY KEY (id)
);
CREATE TABLE items (
  version TEXT NOT NULL,
  first INTEGER NOT NULL,
  data {blob} NOT NULL,
  CONSTRAINT pk_items PRIMARY KEY (version, first),
  CONSTRAINT fk_items_version FOREIGN KEY (version) REFERENCES versions (id)
);
CREATE TABLE teams (
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  contact TEXT NOT NULL,
  banned BOOLEAN NOT NULL,
  CONSTRAINT pk_teams PRIMARY KEY (id),
  CONSTRAINT uq_teams_name UNIQUE (name)
);
CREATE TABLE tokens (
  id TEXT NOT NULL,
  team TEXT NOT NULL,
  scope TEXT NOT NULL,
  created {time} NOT NULL,
  expires {time},
  revoked BOOLEAN NOT NULL,
  secret_sha256 TEXT NOT NULL,
  CONSTRAINT pk_tokens PRIMARY KEY (id),
  CONSTRAINT fk_tokens_team FOREIGN KEY (team) REFERENCES teams (id)
);
CREATE INDEX ix_tokens_team ON tokens (team);
CREATE TABLE models (
  id TEXT NOT NULL,
  team TEXT NOT NULL,
  card TEXT NOT NULL,
  CONSTRAINT pk_models PRIMARY KEY (id),
  CONSTRAINT fk_models_team FOREIGN KEY (team) REFERENCES teams (id)
);
CREATE TABLE submissions (
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  model TEXT NOT NULL,
  team TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  hidden BOOLEAN NOT NULL,
  received {time} NOT NULL,
  sha256 TEXT NOT NULL,
  "key" TEXT,
  intake TEXT NOT NULL,
  claims TEXT NOT NULL,
  failure TEXT NOT NULL,
  reason TEXT NOT NULL,
  ended {time},
  CONSTRAINT pk_submissions PRIMARY KEY (id),
  CONSTRAINT uq_submissions_attempt UNIQUE (team, version, attempt),
  CONSTRAINT uq_submissions_key UNIQUE (team, "key"),
  CONSTRAINT fk_submissions_version FOREIGN KEY (version) REFERENCES versions (id),
  CONSTRAINT fk_submissions_model FOREIGN KEY (model) REFERENCES models (id),
  CONSTRAINT fk_submissions_team FOREIGN KEY (team) REFERENCES teams (id)
);
CREATE INDEX ix_submissions_version ON submissions (version);
CREATE INDEX ix_submissions_model ON submissions (model);
CREATE TABLE answers (
  submission TEXT NOT NULL,
  data {blob} NOT NULL,
  CONSTRAINT pk_answers PRIMARY KEY (submission),
  CONSTRAINT fk_answers_submission FOREIGN KEY (submission) REFERENCES submissions (id)
);
CREATE TABLE scores (
  submission TEXT NOT NULL,
  part TEXT NOT NULL,
  version_digest TEXT NOT NULL,
  metric_digest TEXT NOT NULL,
  document TEXT NOT NULL,
  samples {blob} NOT NULL,
  scored {time},
  CONSTRAINT pk_scores PRIMARY KEY (submission, part),
  CONSTRAINT fk_scores_submission FOREIGN KEY (submission) REFERENCES submissions (id)
);
CREATE TABLE published (
  id INTEGER NOT NULL,
  version TEXT NOT NULL,
  model TEXT NOT NULL,
  submission TEXT NOT NULL,
  part TEXT NOT NULL,
  document TEXT NOT NULL,
  at {time} NOT NULL,
  attempts INTEGER NOT NULL,
  note TEXT NOT NULL,
  CONSTRAINT pk_published PRIMARY KEY (id),
  CONSTRAINT fk_published_version FOREIGN KEY (version) REFERENCES versions (id),
  CONSTRAINT fk_published_model FOREIGN KEY (model) REFERENCES models (id),
  CONSTRAINT fk_published_submission FOREIGN KEY (submission) REFERENCES submissions (id)
);
CREATE INDEX ix_published_submission ON published (submission);
CREATE INDEX ix_published_version ON published (version);
CREATE TABLE flags (
  id INTEGER NOT NULL,
  submission TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  at {time} NOT NULL,
  settled TEXT NOT NULL,
  CONSTRAINT pk_flags PRIMARY KEY (id),
  CONSTRAINT fk_flags_submission FOREIGN KEY (submission) REFERENCES submissions (id)
);
CREATE INDEX ix_flags_submission ON flags (submission);
CREATE TABLE jobs (
  id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  submission TEXT NOT NULL,
  state TEXT NOT NULL,
  fence INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  queued {time} NOT NULL,
  leased_until {time},
  progress {real} NOT NULL,
  reason TEXT NOT NULL,
  CONSTRAINT pk_jobs PRIMARY KEY (id),
  CONSTRAINT fk_jobs_submission FOREIGN KEY (submission) REFERENCES submissions (id)
);
CREATE INDEX ix_jobs_submission ON jobs (submission);
CREATE INDEX ix_jobs_state ON jobs (state, id);
CREATE UNIQUE INDEX uq_jobs_waiting ON jobs (submission) WHERE state = 'waiting';
INSERT INTO board VALUES (1, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000');
