"""The engine once more, one number at a time, written from the equations of docs/clinical-rules.md (D1 to D13).

Nothing of Leadtime and no array is used here: it is slow, and it is meant to be read beside the equations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median

AS_EXPECTED = 1e-9  # SDs: the last bit of a logarithm decides nothing


@dataclass(frozen=True, kw_only=True)
class Rules:
    doubling_times: tuple[float, ...]
    onset_step: float
    onset_window: float
    start_share: float
    onset_rate: float
    slow_share: float
    slow_days: float
    noise_weight: float
    noise_lag: int
    noise_shared: float
    noise_falls_at_once: bool
    noise_bounds: tuple[float, float]
    noise_stretch: float
    noise_centre: float
    second_witness: float
    set_point_reach: float | None
    gate_odds: float
    company: float
    occasion_days: float
    onsets_nobody_looked_at: bool
    below_is_a_reading: bool
    two_in_a_row: bool
    least_support: float


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Logs are mirrored already: up is what matters, `below` and `above` are the mirrored "<" and ">"."""

    date: int
    day: float
    log: float
    below: bool = False
    above: bool = False
    usable: bool = True
    rebase_sd: float = 0.0
    extra_sd: float = 0.0
    watch_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Marker:
    set_point: float | None
    set_point_sd: float | None
    sigma: float  # inflated
    drift: float  # log SD a root year
    clip: float
    phi: float
    family: str
    group: str
    draws: tuple[Draw, ...]


@dataclass
class Hypothesis:
    onset: float
    doubling: float
    log_ratio: float = 0.0
    in_level: float = 0.0
    in_excursion: float = 0.0
    now: float = 0.0
    before: float = 0.0
    strongest: float = 0.0

    def support(self, *, two_in_a_row: bool) -> float:
        return min(self.now, self.before if two_in_a_row else self.log_ratio - self.strongest)

    def most(self, *, two_in_a_row: bool) -> float:
        return max(self.now, self.before) if two_in_a_row else self.strongest


@dataclass(frozen=True, kw_only=True)
class Row:
    """After one date. The filter's part is None where the marker had no usable draw that day."""

    used: bool
    noise: float
    expected: float | None
    spread: float | None
    level: float | None
    level_sd: float | None
    log_evidence: float  # -inf while no onset is older than the date
    support: float | None
    strongest: float | None
    latest: float | None
    leader_is_clear: bool
    onset: float | None
    doubling: float | None
    odds: float
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class Index:
    watch: float
    alert: float
    interval: float
    weight: float


@dataclass
class _Running:
    """One marker while its draws come in."""

    marker: Marker
    rules: Rules
    level: float = 0.0
    excursion: float = 0.0
    p_level: float = 1.0
    p_both: float = 0.0
    p_excursion: float = 0.0
    last_day: float = 0.0
    last_used: float = -math.inf
    occasion: float = -math.inf
    seen: int = 0
    rebase: float = 0.0
    squares: float = 0.0
    counted: int = 0
    waiting: list[tuple[float, int]] = field(default_factory=list)
    bank: list[Hypothesis] = field(default_factory=list)
    watch_only: bool = False

    def __post_init__(self) -> None:
        if self.marker.set_point is not None and self.marker.set_point_sd is not None:
            self.level, self.p_level = self.marker.set_point, self.marker.set_point_sd**2
        self.p_excursion = self.rules.slow_share * self.marker.sigma**2

    def open_onsets(self, day: float) -> None:
        """Onsets lie on multiples of the step since the patient's first draw, and open once they are past."""
        newest = max((one.onset for one in self.bank), default=-self.rules.onset_step)
        while newest + self.rules.onset_step < day:
            newest += self.rules.onset_step
            self.bank.extend(Hypothesis(newest, doubling) for doubling in self.rules.doubling_times)

    def take(self, draw: Draw, noise: float) -> tuple[bool, float, float]:
        """D1 to D8 for one draw: whether it was used, what was expected of it, with what SD."""
        rules, marker = self.rules, self.marker
        self._begin(draw)
        # D2: a level that wanders, an excursion that dies out, noise as large as this person's.
        variance = noise * marker.sigma**2
        gap = draw.day - self.last_day
        fade = math.exp(-gap / rules.slow_days)
        p_level = self.p_level + marker.drift**2 * gap / 365.25 + max(self.rebase, draw.rebase_sd**2)
        p_both = fade * self.p_both
        p_excursion = fade**2 * self.p_excursion + (1.0 - fade**2) * rules.slow_share * variance
        excursion = fade * self.excursion
        total = p_level + 2.0 * p_both + p_excursion + (1.0 - rules.slow_share) * variance + draw.extra_sd**2
        mean, spread = self.level + excursion, math.sqrt(total)
        if draw.above and (draw.log - mean) / spread <= AS_EXPECTED:
            self.rebase = max(self.rebase, draw.rebase_sd**2)
            return False, mean, spread
        # D3 and D5.
        z, told = (draw.log - mean) / spread, 1.0
        if draw.below:
            told = 1.0 if rules.below_is_a_reading else _hazard(z) * (_hazard(z) + z)
            z = -_hazard(z)
        z = max(-marker.clip, min(marker.clip, z))
        k_level, k_excursion = (p_level + p_both) / total, (p_excursion + p_both) / total
        self.level += k_level * z * spread
        self.excursion = excursion + k_excursion * z * spread
        self.p_level = p_level - k_level**2 * total * told
        self.p_both = p_both - k_level * k_excursion * total * told
        self.p_excursion = p_excursion - k_excursion**2 * total * told
        self._look(draw, z, total, told, fade, k_level * told, k_excursion * told)
        self._learn(z, noise, silent=self.seen == 0 or (draw.below and not rules.below_is_a_reading))
        self.last_day, self.rebase = draw.day, 0.0
        self.seen, self.watch_only = self.seen + 1, draw.watch_only
        return True, mean, spread

    def _begin(self, draw: Draw) -> None:
        if self.seen:
            return
        if self.marker.set_point is None:
            self.level = draw.log
        elif self.rules.set_point_reach is not None and not draw.below and not (draw.above and draw.log <= self.level):
            self.p_level = max(self.p_level, ((draw.log - self.level) / self.rules.set_point_reach) ** 2)

    def _look(
        self, draw: Draw, z: float, total: float, told: float, fade: float, k_level: float, k_excursion: float
    ) -> None:
        """D7, D8 and the occasions of D10."""
        again = draw.day - self.occasion < self.rules.occasion_days
        for one in self.bank:
            template = math.log(1.0 + self.rules.start_share * (2.0 ** ((draw.day - one.onset) / one.doubling) - 1.0))
            one.in_excursion *= fade
            gap = template - one.in_level - one.in_excursion
            said = gap * z / math.sqrt(total) - told * gap**2 / (2.0 * total)
            one.log_ratio += said
            one.in_level += k_level * gap
            one.in_excursion += k_excursion * gap
            if again:
                one.now += said
            else:
                one.before, one.now = one.now, said
            one.strongest = max(one.strongest, one.now)
        self.last_used = draw.day
        self.occasion = self.occasion if again else draw.day

    def _learn(self, z: float, noise: float, *, silent: bool) -> None:
        """D6: the first draw says where the level is; a fall counts at once, all else after the lag."""
        entry = (0.0, 0) if silent else (z * z * noise, 1)
        if self.rules.noise_falls_at_once and z <= AS_EXPECTED:
            self.squares += entry[0]
            self.counted += entry[1]
            entry = (0.0, 0)
        self.waiting.append(entry)
        if len(self.waiting) > self.rules.noise_lag:
            square, count = self.waiting.pop(0)
            self.squares += square
            self.counted += count

    def say(self, day: float, used: bool, noise: float, expected: float | None, spread: float | None) -> Row:
        """D9, D10 and D11 over the onsets that are live on this date."""
        live = [one for one in self.bank if day - one.onset <= self.rules.onset_window]
        if not self.rules.onsets_nobody_looked_at:
            live = [one for one in live if one.onset < self.last_used]
        shares = [math.exp(one.log_ratio) * self.rules.onset_step / len(self.rules.doubling_times) for one in live]
        evidence = math.log(math.fsum(shares)) if live else -math.inf
        ranked = sorted(live, key=lambda one: -one.log_ratio)
        leader = ranked[0] if ranked else None
        in_a_row = self.rules.two_in_a_row
        support = leader.support(two_in_a_row=in_a_row) if leader else None
        enough = self.seen >= 2
        return Row(
            used=used,
            noise=noise,
            expected=expected,
            spread=spread,
            level=self.level if used else None,
            level_sd=math.sqrt(self.p_level) if used else None,
            log_evidence=evidence,
            support=support,
            strongest=leader.most(two_in_a_row=in_a_row) if leader else None,
            latest=leader.now if leader else None,
            leader_is_clear=len(ranked) > 1 and ranked[0].log_ratio - ranked[1].log_ratio > 1e-7,
            onset=leader.onset if leader else None,
            doubling=leader.doubling if leader else None,
            odds=self.rules.onset_rate * math.exp(evidence) if enough else 0.0,
            confirmed=enough and support is not None and support > self.rules.least_support and not self.watch_only,
        )


def read(days: list[float], markers: list[Marker], rules: Rules) -> tuple[list[list[Row]], list[Index]]:
    """`days` of every date of the patient, counted from the first. Rows: markers x dates."""
    running = [_Running(marker, rules) for marker in markers]
    rows: list[list[Row]] = [[] for _ in markers]
    indices, drawn = [], []
    for date, day in enumerate(days):
        noises = [_noise(at, running, rules) for at in range(len(markers))]
        for at, one in enumerate(running):
            one.open_onsets(day)
            used, expected, spread = False, None, None
            for draw in one.marker.draws:
                if draw.date == date and draw.usable:
                    used, expected, spread = one.take(draw, noises[at])
                elif draw.date == date:
                    one.rebase = max(one.rebase, draw.rebase_sd**2)
            rows[at].append(one.say(day, used, noises[at], expected, spread))
        if any(of_marker[-1].used for of_marker in rows):
            drawn.append(day)
        indices.append(_index(running, [of_marker[-1] for of_marker in rows], rules, _interval(drawn)))
    return rows, indices


def _hazard(z: float) -> float:
    """Normal density over distribution function at z; far out by Laplace's continued fraction, where both are 0."""
    if z > -8.0:
        return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / (0.5 * math.erfc(-z / math.sqrt(2.0)))
    tail = -z
    for term in range(40, 0, -1):
        tail = -z + term / tail
    return tail


def _noise(at: int, running: list[_Running], rules: Rules) -> float:
    """D6: (w + sum of squares) / (w + draws), the person's other markers with their weight."""
    squares, draws = running[at].squares, float(running[at].counted)
    for other, one in enumerate(running):
        if other != at:
            squares += rules.noise_shared * one.squares
            draws += rules.noise_shared * one.counted
    low, high = rules.noise_bounds
    learned = (rules.noise_weight + squares) / (rules.noise_weight + draws)
    if draws > 0:
        learned = rules.noise_centre * (learned / rules.noise_centre) ** rules.noise_stretch
    return max(low, min(high, learned))


def _interval(drawn: list[float]) -> float:
    gaps, last = [], None
    for day in drawn:
        if last is None or day - last >= 1.0:
            if last is not None:
                gaps.append(day - last)
            last = day
    return median(gaps) if len(gaps) >= 3 else 63.0


def _index(running: list[_Running], rows: list[Row], rules: Rules, interval: float) -> Index:
    """D11 and D12."""
    watch = alert = weight = company = remaining = 0.0
    tumour, bone = False, 0
    for group in dict.fromkeys(one.marker.group for one in running):
        members = [at for at, one in enumerate(running) if one.marker.group == group]
        parts, held, weights, bears, without = [], [], [], [], []
        for at in members:
            phi, row = running[at].marker.phi, rows[at]
            parts.append(math.log(1.0 + phi * row.odds))
            held.append(math.log(1.0 + phi * (row.odds if row.confirmed else min(row.odds, 1.0))))
            without.append(math.log(1.0 + phi * row.odds * math.exp(-max(row.strongest or 0.0, 0.0))))
            weights.append(phi if running[at].seen >= 2 else 0.0)
            bears.append(row.confirmed and row.odds >= rules.gate_odds and phi > 0)
        remaining += max(without)
        family = running[members[0]].marker.family
        watch, alert, weight = watch + max(parts), alert + max(held), weight + sum(weights)
        tumour = tumour or (family == "tumour" and any(bears))
        if family == "bone_turnover" and any(bears):
            bone += 1
        else:
            company += max(parts)
    carried = tumour or bone >= 2 or (bone == 1 and company >= rules.company)
    carried = carried and remaining >= rules.second_witness * math.log(1.0 + weight) ** 2
    return Index(watch=watch, alert=alert if carried else -math.inf, interval=interval, weight=weight)
