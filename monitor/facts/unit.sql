-- unit: one row a government body.
select
    u.id as id,  -- Key of the unit.
    u.name as name,  -- Name of the unit, 承办单位. Empty: never.
    u.parent as parent,  -- Body above it. Empty: not recorded.
    u.leader as leader,  -- Head of the unit. Empty: not recorded.
    past(u.leader_since) as leader_since,  -- Day the head took office. Empty: not recorded, or not yet.
    u.email as email,  -- Where its letters go. Empty: config.toml decides.
    u.source as source  -- Source that told us.
from unit u
