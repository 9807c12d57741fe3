"""Numbers for Prometheus, in base units, with a registry of their own. No label names a contract, a unit or a person.

What lives in the database is read when it is asked for, in one short read; what only the process knows comes from its pulse.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar, get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.health.probes import Sight, silent_after
from monitor.health.pulse import Beat, Result
from monitor.store.vitals import Vitals

Key = TypeVar("Key", bound=tuple[str, ...])


def exposition(sight: Sight) -> bytes:
    """The page of `/metrics`, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Seen(sight))
    return generate_latest(registry)


class _Seen(Collector):
    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def collect(self) -> Iterator[Metric]:
        """Every family, also those without samples yet: an alert can then be written before the first failure."""
        sight = self._sight
        build = {"version": __version__, "python": platform.python_version()}
        yield _labelled(
            "lvyue_build_info", "Version of Lvyue and of Python; always 1.", {tuple(build.values()): 1}, *build
        )
        yield _gauge("lvyue_database_up", "Whether the database answers.", sight.vitals is not None)
        if sight.disk_free is not None:
            yield _gauge("lvyue_disk_free_bytes", "Free space where the database lies.", sight.disk_free)
        if sight.beat is not None:
            yield from _of_process(sight.beat, sight.monotonic)
        limits = {(name,): silent_after(apart).total_seconds() for name, apart in sight.sources.items()}
        told = "Age of its last answer from which a source is silent, by its own schedule."
        yield _labelled("lvyue_source_silent_after_seconds", told, limits, "source")
        if sight.vitals is not None:
            yield from _of_database(sight.vitals, sight.at)


def _of_process(beat: Beat, monotonic: float) -> Iterator[Metric]:
    yield _gauge("lvyue_start_time_seconds", "When the service began.", beat.started_at.timestamp())
    if beat.last_tick is not None:
        age = max(0.0, monotonic - beat.last_tick)
        yield _gauge("lvyue_scheduler_tick_age_seconds", "Time since the scheduler last ticked.", age)
    yield _gauge("lvyue_leader", "Whether this instance is the one that works.", beat.leading)
    yield _gauge(
        "lvyue_config_last_reload_successful", "Whether config.toml was usable when last read.", beat.reload_ok
    )
    running = {(job,): float(state == "running") for job, state in beat.jobs.items()}
    yield _labelled("lvyue_job_running", "Whether a run of the job is under way.", running, "job")
    yield _counter("lvyue_job_runs", "Ended runs of a job by result.", _full(beat), "job", "result")
    for name, told, counts in (
        ("misfires", "Starts that came too late to be made.", beat.misfires),
        ("overruns", "Starts that fell into the run before.", beat.overruns),
        ("skipped", "Starts that found nothing left to do.", beat.skipped),
    ):
        by_job = {(job,): counts.get(job, 0) for job in beat.jobs | counts}
        yield _counter(f"lvyue_scheduler_{name}", told, by_job, "job")
    yield _counter("lvyue_clock_steps", "Jumps of the wall clock.", {(): beat.clock_steps})


def _full(beat: Beat) -> dict[tuple[str, Result], float]:
    """Zero where nothing happened yet, so that `increase()` sees the first failure."""
    results: tuple[Result, ...] = get_args(Result)
    none = {(job, result): 0.0 for job in beat.jobs for result in results}
    return none | {key: float(number) for key, number in beat.runs.items()}


def _of_database(vitals: Vitals, at: datetime) -> Iterator[Metric]:
    pulls = {key: float(number) for key, number in vitals.pulls.items()}
    yield _counter("lvyue_pull_runs", "Pulls in the ledger by source and result.", pulls, "source", "result")
    answered = {(source,): instant.timestamp() for source, instant in vitals.answered.items()}
    name = "lvyue_source_last_success_timestamp_seconds"
    yield _labelled(name, "When a source last answered, also with nothing new.", answered, "source")
    lasted = {(kind,): seconds for kind, seconds in vitals.seconds.items()}
    yield _labelled("lvyue_run_last_duration_seconds", "How long the last good run took.", lasted, "kind")
    for kind, instant in (("scan", vitals.scanned_at), ("backup", vitals.backed_up_at)):
        if instant is not None:
            name = f"lvyue_{kind}_last_success_timestamp_seconds"
            yield _gauge(name, f"When the last good {kind} was made.", instant.timestamp())
    for key, told in (
        ("findings", "Levels that the last scan found."),
        ("unknown", "What the last scan could not compute."),
    ):
        if key in vitals.scan_counts:
            yield _gauge(f"lvyue_scan_{key}", told, float(vitals.scan_counts[key]))
    yield from _of_last_scan(vitals.figures)
    standing = {key: float(number) for key, number in vitals.warnings.items()}
    yield _labelled("lvyue_alerts_open", "Warnings not released.", standing, "level", "state")
    letters = {key: float(number) for key, number in vitals.letters.items()}
    yield _labelled("lvyue_outbox_letters", "Letters by channel and state.", letters, "channel", "state")
    age = (at - vitals.waiting_since).total_seconds() if vitals.waiting_since else 0.0
    yield _gauge("lvyue_outbox_oldest_age_seconds", "How long the oldest letter that may be sent waits.", max(0.0, age))


def _of_last_scan(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    """Labels are few: the statuses of our vocabulary, the rules and recipes of the shelves, four levels."""
    by_status = {(status,): float(number) for status, number in figures.get("contracts", {}).items()}
    yield _labelled("lvyue_contracts", "Contracts by where they stand, at the last whole scan.", by_status, "status")
    by_rule = {(rule,): float(number) for rule, number in figures.get("unknown", {}).items()}
    yield _labelled("lvyue_rule_unknown", "What a rule could not compute, at the last whole scan.", by_rule, "rule")
    drift = figures.get("drift", {})
    mix = {(recipe,): float(seen["psi"]) for recipe, seen in drift.items() if seen["psi"] is not None}
    told = "Population stability index of today's scores against those of the day of training."
    yield _labelled("lvyue_model_drift_psi", told, mix, "recipe")
    moved = {(recipe,): float(seen["moved"]) for recipe, seen in drift.items()}
    told = "Whether the world a model learned from is no more, so that it raises nothing."
    yield _labelled("lvyue_model_moved", told, moved, "recipe")
    name, told = "lvyue_alert_ack_seconds", "From when a warning was last raised until somebody took it up."
    taken = SummaryMetricFamily(name, told, labels=("level",))
    for level, (count, seconds) in figures.get("acknowledged", {}).items():
        taken.add_metric((level,), count_value=count, sum_value=seconds)
    yield taken


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))


def _labelled(name: str, told: str, values: Mapping[Key, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(name: str, told: str, values: Mapping[Key, float], *labels: str) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
