CREATE FUNCTION "{schema}".events_refuse() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, "{schema}", pg_temp AS
       $$ BEGIN RAISE EXCEPTION 'events are only appended'; END $$

CREATE FUNCTION "{schema}".events_follow() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, "{schema}", pg_temp AS $$
       DECLARE newest record;
       BEGIN
         PERFORM pg_advisory_xact_lock({lock});
         SELECT seq, hash INTO newest FROM "{schema}".events ORDER BY seq DESC LIMIT 1;
         IF NEW.seq <> coalesce(newest.seq, 0) + 1
            OR NEW.body::json ->> 'previous' IS DISTINCT FROM coalesce(newest.hash, '{beginning}')
            OR NEW.hash <> encode(sha256('\x00'::bytea || convert_to(NEW.body, 'UTF8')), 'hex')
         THEN RAISE EXCEPTION 'events are only appended'; END IF;
         RETURN NEW;
       END $$

CREATE TRIGGER events_only_next BEFORE INSERT ON "{schema}".events
       FOR EACH ROW EXECUTE FUNCTION "{schema}".events_follow()

CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON "{schema}".events
       FOR EACH ROW EXECUTE FUNCTION "{schema}".events_refuse()

CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON "{schema}".events
       FOR EACH STATEMENT EXECUTE FUNCTION "{schema}".events_refuse()
