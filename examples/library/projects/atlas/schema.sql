-- Accounts and metered traffic of the Atlas service. Invoices are made from usage_daily.
CREATE TABLE account (
    customer_id   TEXT PRIMARY KEY,          -- as in finance: C-1001
    plan          TEXT NOT NULL CHECK (plan IN ('starter', 'team', 'scale')),
    created_at    TIMESTAMP NOT NULL
);
CREATE TABLE usage_daily (
    customer_id   TEXT NOT NULL REFERENCES account,
    day           DATE NOT NULL,
    bytes_served  BIGINT NOT NULL,
    requests      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, day)
);
-- who went over the allowance this month
CREATE VIEW over_allowance AS
SELECT a.customer_id, a.plan, SUM(u.bytes_served) / 1e12 AS terabytes
FROM account a JOIN usage_daily u USING (customer_id)
WHERE u.day >= date_trunc('month', current_date)
GROUP BY a.customer_id, a.plan
HAVING SUM(u.bytes_served) / 1e12 > CASE a.plan WHEN 'starter' THEN 1 WHEN 'team' THEN 10 ELSE 100 END;
