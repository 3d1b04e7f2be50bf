CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'events_no_update: UPDATE on events is refused'); END

CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'events_no_delete: DELETE on events is refused'); END

CREATE TRIGGER events_no_replace_chain_seq BEFORE INSERT ON events FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'pk_events: the same key is there already'); END

CREATE TRIGGER events_no_replace_id BEFORE INSERT ON events FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'uq_events_id: the same key is there already'); END

CREATE TRIGGER events_no_replace_prev_chain BEFORE INSERT ON events FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM events WHERE prev = NEW.prev AND chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, 'uq_events_prev_chain: the same key is there already'); END

CREATE TRIGGER signatures_no_update BEFORE UPDATE ON signatures FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'signatures_no_update: UPDATE on signatures is refused'); END

CREATE TRIGGER signatures_no_delete BEFORE DELETE ON signatures FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'signatures_no_delete: DELETE on signatures is refused'); END

CREATE TRIGGER signatures_no_replace_event_id_account BEFORE INSERT ON signatures FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM signatures WHERE event_id = NEW.event_id AND account = NEW.account)
BEGIN SELECT RAISE(ABORT, 'pk_signatures: the same key is there already'); END

CREATE TRIGGER log_positions_no_update BEFORE UPDATE ON log_positions FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'log_positions_no_update: UPDATE on log_positions is refused'); END

CREATE TRIGGER log_positions_no_delete BEFORE DELETE ON log_positions FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'log_positions_no_delete: DELETE on log_positions is refused'); END

CREATE TRIGGER log_positions_no_replace_idx BEFORE INSERT ON log_positions FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'pk_log_positions: the same key is there already'); END

CREATE TRIGGER log_positions_no_replace_event_id BEFORE INSERT ON log_positions FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM log_positions WHERE event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'uq_log_positions_event_id: the same key is there already'); END

CREATE TRIGGER tree_nodes_no_update BEFORE UPDATE ON tree_nodes FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'tree_nodes_no_update: UPDATE on tree_nodes is refused'); END

CREATE TRIGGER tree_nodes_no_delete BEFORE DELETE ON tree_nodes FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'tree_nodes_no_delete: DELETE on tree_nodes is refused'); END

CREATE TRIGGER tree_nodes_no_replace_level_position BEFORE INSERT ON tree_nodes FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM tree_nodes WHERE level = NEW.level AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'pk_tree_nodes: the same key is there already'); END

CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'checkpoints_no_update: UPDATE on checkpoints is refused'); END

CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'checkpoints_no_delete: DELETE on checkpoints is refused'); END

CREATE TRIGGER checkpoints_no_replace_size BEFORE INSERT ON checkpoints FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'pk_checkpoints: the same key is there already'); END

CREATE TRIGGER log_keys_no_update BEFORE UPDATE ON log_keys FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'log_keys_no_update: UPDATE on log_keys is refused'); END

CREATE TRIGGER log_keys_no_delete BEFORE DELETE ON log_keys FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'log_keys_no_delete: DELETE on log_keys is refused'); END

CREATE TRIGGER log_keys_no_replace_vkey BEFORE INSERT ON log_keys FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM log_keys WHERE vkey = NEW.vkey)
BEGIN SELECT RAISE(ABORT, 'pk_log_keys: the same key is there already'); END

CREATE TRIGGER label_issues_no_update BEFORE UPDATE ON label_issues FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'label_issues_no_update: UPDATE on label_issues is refused'); END

CREATE TRIGGER label_issues_no_delete BEFORE DELETE ON label_issues FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'label_issues_no_delete: DELETE on label_issues is refused'); END

CREATE TRIGGER label_issues_no_replace_serial BEFORE INSERT ON label_issues FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM label_issues WHERE serial = NEW.serial)
BEGIN SELECT RAISE(ABORT, 'pk_label_issues: the same key is there already'); END

CREATE TRIGGER study_protocols_no_update BEFORE UPDATE ON study_protocols FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'study_protocols_no_update: UPDATE on study_protocols is refused'); END

CREATE TRIGGER study_protocols_no_delete BEFORE DELETE ON study_protocols FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'study_protocols_no_delete: DELETE on study_protocols is refused'); END

CREATE TRIGGER study_protocols_no_replace_study_version BEFORE INSERT ON study_protocols FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM study_protocols WHERE study = NEW.study AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'pk_study_protocols: the same key is there already'); END

CREATE TRIGGER infusions_no_update BEFORE UPDATE ON infusions FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'infusions_no_update: UPDATE on infusions is refused'); END

CREATE TRIGGER infusions_no_delete BEFORE DELETE ON infusions FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'infusions_no_delete: DELETE on infusions is refused'); END

CREATE TRIGGER infusions_no_replace_container BEFORE INSERT ON infusions FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM infusions WHERE container = NEW.container)
BEGIN SELECT RAISE(ABORT, 'pk_infusions: the same key is there already'); END

CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts FOR EACH ROW
BEGIN SELECT RAISE(ABORT, 'accounts_no_delete: DELETE on accounts is refused'); END

CREATE TRIGGER accounts_no_replace_id BEFORE INSERT ON accounts FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM accounts WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'pk_accounts: the same key is there already'); END

CREATE TRIGGER accounts_no_replace_badge BEFORE INSERT ON accounts FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM accounts WHERE badge = NEW.badge)
BEGIN SELECT RAISE(ABORT, 'uq_accounts_badge: the same key is there already'); END

CREATE TRIGGER subjects_no_replace_study_number BEFORE INSERT ON subjects FOR EACH ROW
WHEN EXISTS (SELECT 1 FROM subjects WHERE study = NEW.study AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'pk_subjects: the same key is there already'); END

CREATE TRIGGER accounts_stays BEFORE UPDATE ON accounts FOR EACH ROW
WHEN NEW.id IS NOT OLD.id
BEGIN SELECT RAISE(ABORT, 'accounts_stays: UPDATE on accounts is refused'); END

CREATE TRIGGER containers_stays BEFORE UPDATE ON containers FOR EACH ROW
WHEN NEW.id IS NOT OLD.id OR NEW.coi IS NOT OLD.coi OR NEW.kind IS NOT OLD.kind
BEGIN SELECT RAISE(ABORT, 'containers_stays: UPDATE on containers is refused'); END

CREATE TRIGGER courses_stays BEFORE UPDATE ON courses FOR EACH ROW
WHEN NEW.coi IS NOT OLD.coi OR NEW.chain IS NOT OLD.chain OR NEW.study IS NOT OLD.study OR NEW.subject IS NOT OLD.subject
BEGIN SELECT RAISE(ABORT, 'courses_stays: UPDATE on courses is refused'); END

CREATE TRIGGER subjects_stays BEFORE UPDATE ON subjects FOR EACH ROW
WHEN NEW.study IS NOT OLD.study OR NEW.number IS NOT OLD.number
BEGIN SELECT RAISE(ABORT, 'subjects_stays: UPDATE on subjects is refused'); END

CREATE TRIGGER unsequenced_stays BEFORE UPDATE ON unsequenced FOR EACH ROW
WHEN NEW.n IS NOT OLD.n OR NEW.event_id IS NOT OLD.event_id
BEGIN SELECT RAISE(ABORT, 'unsequenced_stays: UPDATE on unsequenced is refused'); END

CREATE TRIGGER events_follow BEFORE INSERT ON events FOR EACH ROW
WHEN NEW.seq > 1 AND NOT EXISTS (SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq - 1 AND digest = NEW.prev)
BEGIN SELECT RAISE(ABORT, 'events_follow: the entry does not follow the last one of its chain'); END

CREATE TRIGGER unsequenced_until_placed BEFORE DELETE ON unsequenced FOR EACH ROW
WHEN NOT EXISTS (SELECT 1 FROM log_positions WHERE event_id = OLD.event_id)
BEGIN SELECT RAISE(ABORT, 'unsequenced_until_placed: the entry has no log index yet'); END

CREATE TRIGGER log_positions_follow BEFORE INSERT ON log_positions FOR EACH ROW
WHEN (NEW.idx > 0 AND NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.idx - 1)) OR NOT EXISTS (SELECT 1 FROM events WHERE id = NEW.event_id AND digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'log_positions_follow: the log index leaves a gap, or the digest is not that of the entry'); END

CREATE TRIGGER checkpoints_cover BEFORE INSERT ON checkpoints FOR EACH ROW
WHEN NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.size - 1)
BEGIN SELECT RAISE(ABORT, 'checkpoints_cover: the checkpoint covers more than the log holds'); END

CREATE TRIGGER events_wait AFTER INSERT ON events FOR EACH ROW
BEGIN INSERT INTO unsequenced (event_id) VALUES (NEW.id); END

CREATE TRIGGER subjects_counted AFTER INSERT ON subjects FOR EACH ROW
BEGIN UPDATE studies SET enrolled = enrolled + 1 WHERE key = NEW.study; END

CREATE TRIGGER subjects_uncounted AFTER DELETE ON subjects FOR EACH ROW
BEGIN UPDATE studies SET enrolled = enrolled - 1 WHERE key = OLD.study; END
