CREATE TRIGGER events_no_update BEFORE UPDATE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never changed'); END

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END

CREATE TRIGGER events_only_next BEFORE INSERT ON events
       WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
         OR json_extract(NEW.body, '$.previous') IS NOT
            coalesce((SELECT hash FROM events ORDER BY seq DESC LIMIT 1), '{beginning}')
         OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash OR key = NEW.key)
       BEGIN SELECT RAISE(ABORT, 'events are only appended'); END
