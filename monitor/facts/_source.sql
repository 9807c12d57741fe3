-- What each source reports at all: where it never does, nothing recorded does not mean not done.
select
    source,
    max(noun = 'legal') as filings, max(noun = 'finance') as finance_filings, max(noun = 'construction') as completion_filings,
    max(noun = 'contract') as publications, max(noun = 'acceptance') as acceptance_publications,
    max(noun = 'amendment') as amendments, max(noun = 'payment') as payments, max(noun = 'review') as reviews,
    max(noun = 'tender_report') as tender_reports, max(noun = 'competition') as competition_reviews,
    max(noun = 'amendment_publication') as amendment_publications, max(noun = 'accepted') as acceptances,
    max(noun = 'evaluated') as evaluations, max(noun = 'closed') as closings
from (
    select distinct source, case when filed_with = 'supervisor' then 'finance' else filed_with end as noun from filing where filed_on <= as_of()
    union all select distinct source, kind from publication where kind <> 'amendment' and published_on <= as_of()
    union all select distinct source, 'amendment' from amendment
    union all select distinct source, 'amendment_publication' from amendment where published_on <= as_of()
    union all select distinct source, 'payment' from payment
    union all select distinct source, 'review' from review where coalesce(submitted_on, finished_on) <= as_of()
    union all select distinct source, 'tender_report' from contract where tender_report_on <= as_of()
    union all select distinct source, 'competition' from contract where competition_reviewed_on <= as_of()
    union all select distinct source, 'accepted' from contract where accepted_on <= as_of()
    union all select distinct source, 'evaluated' from contract where evaluated_on <= as_of()
    union all select distinct source, 'closed' from contract where closed_on <= as_of() or status = 'archived'
)
group by source
