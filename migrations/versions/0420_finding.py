"""Finding goods: kinds and seasons of products, an order that needs no sorting, and one index for words and filters.

`find` holds as lexemes: each folded word of name, shop and commune as it is; words of the name once more behind a dot;
the words of the name with their accents behind an equals sign; and behind an at sign the group, kind, commune, stars,
months and price step, so that words and filters are answered together by one index. `search_term` counts the products
on sale by lexeme: the changes are noted by a trigger and counted by a job, so that two sellers of tea never wait
for each other.
"""

from alembic import op

revision = "0420"
down_revision = "0410"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _columns()
    _lexemes()
    _indexes()
    _terms()


def _columns() -> None:
    op.execute(
        """
        ALTER TABLE product
            ADD COLUMN category text NOT NULL DEFAULT 'everyday.other'
                CONSTRAINT ck_product_category_form CHECK (category ~ '^[a-z]+[.][a-z]+$'),
            ADD COLUMN season_from_month smallint
                CONSTRAINT ck_product_season_from_month CHECK (season_from_month BETWEEN 1 AND 12),
            ADD COLUMN season_to_month smallint
                CONSTRAINT ck_product_season_to_month CHECK (season_to_month BETWEEN 1 AND 12),
            ADD COLUMN find tsvector NOT NULL DEFAULT ''::tsvector,
            ADD COLUMN words_version smallint NOT NULL DEFAULT 0,
            -- squawk-ignore adding-field-with-default
            ADD COLUMN standing smallint NOT NULL GENERATED ALWAYS AS
                ((CASE WHEN stock > reserved THEN 10 ELSE 0 END + coalesce(ocop_stars, 0))::smallint) STORED,
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_product_whole_season CHECK ((season_from_month IS NULL) = (season_to_month IS NULL));
        ALTER TABLE product ALTER COLUMN words_version SET DEFAULT 1;
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_old_words ON product (id) WHERE words_version < 1;
        GRANT UPDATE (category, season_from_month, season_to_month, words_version) ON product TO app;
        """
    )


def _lexemes() -> None:
    op.execute(
        """
        CREATE FUNCTION product_price_step(price_vnd bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT width_bucket(price_vnd,
                ARRAY[10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000]::bigint[])
        $$;

        CREATE FUNCTION product_in_season(at_month integer, from_month integer, to_month integer) RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN from_month <= to_month THEN at_month BETWEEN from_month AND to_month
                ELSE at_month >= from_month OR at_month <= to_month END
        $$;

        CREATE FUNCTION product_write_find() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            parts text[] := string_to_array(NEW.search_text, '|');
            name_words text[] := array_remove(string_to_array(parts[1], ' '), '');
        BEGIN
            NEW.find := array_to_tsvector(ARRAY(
                SELECT DISTINCT lexeme FROM (
                    SELECT unnest(name_words) AS lexeme
                    UNION ALL SELECT '.' || word FROM unnest(name_words) AS word
                    UNION ALL SELECT unnest(string_to_array(parts[2], ' '))
                    UNION ALL SELECT '=' || word FROM unnest(string_to_array(parts[3], ' ')) AS word WHERE word <> ''
                    UNION ALL SELECT '@g:' || split_part(NEW.category, '.', 1)
                    UNION ALL SELECT '@c:' || NEW.category
                    UNION ALL SELECT '@m:' || NEW.commune_code
                    UNION ALL SELECT '@s:' || NEW.ocop_stars WHERE NEW.ocop_stars IS NOT NULL
                    UNION ALL SELECT '@p:' || product_price_step(NEW.price_vnd)
                    UNION ALL SELECT '@n:' || at_month FROM generate_series(1, 12) AS at_month
                        WHERE product_in_season(at_month, NEW.season_from_month, NEW.season_to_month)
                ) AS told WHERE lexeme <> ''
            ));
            RETURN NEW;
        END $$;
        CREATE TRIGGER product_write_find BEFORE INSERT OR UPDATE OF search_text, category, commune_code, ocop_stars,
            price_vnd, season_from_month, season_to_month ON product
            FOR EACH ROW EXECUTE FUNCTION product_write_find();
        UPDATE product SET category = category;
        """
    )


def _indexes() -> None:
    op.execute(
        """
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX ix_product_newest;
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX ix_product_commune_newest;
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX ix_product_search;
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_standing ON product (standing DESC, created_at DESC, id DESC) WHERE status = 'live';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_commune_standing ON product (commune_code, standing DESC, created_at DESC, id DESC)
            WHERE status = 'live';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_category_standing ON product (category, standing DESC, created_at DESC, id DESC)
            WHERE status = 'live';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_group_standing ON product
            (split_part(category, '.', 1), standing DESC, created_at DESC, id DESC) WHERE status = 'live';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_name ON product (search_text text_pattern_ops) WHERE status = 'live';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_product_find ON product USING gin (find) WITH (fastupdate = off) WHERE status = 'live';
        """
    )


def _terms() -> None:
    op.execute(
        """
        CREATE TABLE search_term (
            term text CONSTRAINT pk_search_term PRIMARY KEY,
            products integer NOT NULL,
            folded text
        );
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_search_term_begins ON search_term (term text_pattern_ops);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_search_term_folded ON search_term (folded) WHERE folded IS NOT NULL;
        CREATE TABLE search_slip (
            variant text NOT NULL,
            term text NOT NULL CONSTRAINT fk_search_slip_term REFERENCES search_term (term) ON DELETE CASCADE,
            CONSTRAINT pk_search_slip PRIMARY KEY (variant, term)
        );
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_search_slip_term ON search_slip (term);
        CREATE TABLE search_term_change (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_search_term_change PRIMARY KEY,
            term text NOT NULL,
            change smallint NOT NULL
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON search_term, search_slip TO app;
        GRANT SELECT, INSERT, DELETE ON search_term_change TO app;

        CREATE FUNCTION product_note_terms() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            before text[] := '{}';
            after text[] := '{}';
        BEGIN
            IF TG_OP <> 'INSERT' AND OLD.status = 'live' THEN before := tsvector_to_array(OLD.find); END IF;
            IF TG_OP <> 'DELETE' AND NEW.status = 'live' THEN after := tsvector_to_array(NEW.find); END IF;
            INSERT INTO search_term_change (term, change)
                SELECT term, -1 FROM unnest(before) AS term WHERE term <> ALL (after) AND left(term, 1) <> '.'
                UNION ALL
                SELECT term, 1 FROM unnest(after) AS term WHERE term <> ALL (before) AND left(term, 1) <> '.';
            RETURN NULL;
        END $$;
        CREATE TRIGGER product_note_terms AFTER INSERT OR DELETE OR UPDATE OF status, search_text, category,
            commune_code, ocop_stars, price_vnd, season_from_month, season_to_month ON product
            FOR EACH ROW EXECUTE FUNCTION product_note_terms();
        INSERT INTO search_term_change (term, change)
            SELECT term, 1 FROM product, unnest(tsvector_to_array(find)) AS term
            WHERE status = 'live' AND left(term, 1) <> '.';
        """
    )
    op.execute(
        """
        CREATE FUNCTION product_gather(wanted tsquery, lowest_vnd bigint, highest_vnd bigint, most integer)
        RETURNS TABLE (id uuid, shop_id uuid, standing smallint, created_at timestamptz, search_text text,
            category text, commune_code text, ocop_stars smallint)
        LANGUAGE sql STABLE PARALLEL SAFE
        SET enable_seqscan = off SET enable_indexscan = off AS $$
            SELECT p.id, p.shop_id, p.standing, p.created_at, p.search_text, p.category, p.commune_code, p.ocop_stars
            FROM product p
            WHERE p.status = 'live' AND p.find @@ wanted AND p.price_vnd BETWEEN lowest_vnd AND highest_vnd
            LIMIT most
        $$;
        """
    )
