CREATE FUNCTION coi_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || TG_OP || ' on ' || TG_TABLE_NAME || ' is refused';
END
$$

CREATE FUNCTION coi_event_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.seq > 1 AND NOT EXISTS (
    SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq - 1 AND digest = NEW.prev
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || 'the entry does not follow the last one of its chain';
  END IF;
  RETURN NEW;
END
$$

CREATE FUNCTION coi_event_waits() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO unsequenced (event_id) VALUES (NEW.id);
  RETURN NULL;
END
$$

CREATE FUNCTION coi_waits_until_placed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_positions WHERE event_id = OLD.event_id) THEN
    RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || 'the entry has no log index yet';
  END IF;
  RETURN OLD;
END
$$

CREATE FUNCTION coi_position_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.idx > 0 AND NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.idx - 1) THEN
    RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || 'the log index leaves a gap';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM events WHERE id = NEW.event_id AND digest = NEW.digest) THEN
    RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || 'the digest is not that of the entry';
  END IF;
  RETURN NEW;
END
$$

CREATE FUNCTION coi_checkpoint_covers() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.size - 1) THEN
    RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || 'the checkpoint covers more than the log holds';
  END IF;
  RETURN NEW;
END
$$

CREATE FUNCTION coi_subject_counted() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE studies SET enrolled = enrolled + 1 WHERE key = NEW.study;
  RETURN NULL;
END
$$

CREATE FUNCTION coi_subject_uncounted() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE studies SET enrolled = enrolled - 1 WHERE key = OLD.study;
  RETURN NULL;
END
$$

CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER signatures_no_update BEFORE UPDATE ON signatures FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER signatures_no_delete BEFORE DELETE ON signatures FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER signatures_no_truncate BEFORE TRUNCATE ON signatures FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_positions_no_update BEFORE UPDATE ON log_positions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_positions_no_delete BEFORE DELETE ON log_positions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_positions_no_truncate BEFORE TRUNCATE ON log_positions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER tree_nodes_no_update BEFORE UPDATE ON tree_nodes FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER tree_nodes_no_delete BEFORE DELETE ON tree_nodes FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER tree_nodes_no_truncate BEFORE TRUNCATE ON tree_nodes FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER checkpoints_no_truncate BEFORE TRUNCATE ON checkpoints FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_keys_no_update BEFORE UPDATE ON log_keys FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_keys_no_delete BEFORE DELETE ON log_keys FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER log_keys_no_truncate BEFORE TRUNCATE ON log_keys FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER label_issues_no_update BEFORE UPDATE ON label_issues FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER label_issues_no_delete BEFORE DELETE ON label_issues FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER label_issues_no_truncate BEFORE TRUNCATE ON label_issues FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER study_protocols_no_update BEFORE UPDATE ON study_protocols FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER study_protocols_no_delete BEFORE DELETE ON study_protocols FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER study_protocols_no_truncate BEFORE TRUNCATE ON study_protocols FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER infusions_no_update BEFORE UPDATE ON infusions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER infusions_no_delete BEFORE DELETE ON infusions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER infusions_no_truncate BEFORE TRUNCATE ON infusions FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER accounts_no_truncate BEFORE TRUNCATE ON accounts FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER unsequenced_no_truncate BEFORE TRUNCATE ON unsequenced FOR EACH STATEMENT
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER accounts_stays BEFORE UPDATE ON accounts FOR EACH ROW
WHEN (NEW.id IS DISTINCT FROM OLD.id)
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER containers_stays BEFORE UPDATE ON containers FOR EACH ROW
WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.coi IS DISTINCT FROM OLD.coi OR NEW.kind IS DISTINCT FROM OLD.kind)
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER courses_stays BEFORE UPDATE ON courses FOR EACH ROW
WHEN (NEW.coi IS DISTINCT FROM OLD.coi OR NEW.chain IS DISTINCT FROM OLD.chain OR NEW.study IS DISTINCT FROM OLD.study OR NEW.subject IS DISTINCT FROM OLD.subject)
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER subjects_stays BEFORE UPDATE ON subjects FOR EACH ROW
WHEN (NEW.study IS DISTINCT FROM OLD.study OR NEW.number IS DISTINCT FROM OLD.number)
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER unsequenced_stays BEFORE UPDATE ON unsequenced FOR EACH ROW
WHEN (NEW.n IS DISTINCT FROM OLD.n OR NEW.event_id IS DISTINCT FROM OLD.event_id)
EXECUTE FUNCTION coi_refuse()

CREATE TRIGGER events_follow BEFORE INSERT ON events FOR EACH ROW
EXECUTE FUNCTION coi_event_follows()

CREATE TRIGGER events_wait AFTER INSERT ON events FOR EACH ROW
EXECUTE FUNCTION coi_event_waits()

CREATE TRIGGER unsequenced_until_placed BEFORE DELETE ON unsequenced FOR EACH ROW
EXECUTE FUNCTION coi_waits_until_placed()

CREATE TRIGGER log_positions_follow BEFORE INSERT ON log_positions FOR EACH ROW
EXECUTE FUNCTION coi_position_follows()

CREATE TRIGGER checkpoints_cover BEFORE INSERT ON checkpoints FOR EACH ROW
EXECUTE FUNCTION coi_checkpoint_covers()

CREATE TRIGGER subjects_counted AFTER INSERT ON subjects FOR EACH ROW
EXECUTE FUNCTION coi_subject_counted()

CREATE TRIGGER subjects_uncounted AFTER DELETE ON subjects FOR EACH ROW
EXECUTE FUNCTION coi_subject_uncounted()
