"""Why a value is withheld or marked, in words of who mounts and reads the sensors.

One sentence for each of `wire.features.REASONS`; docs/features.md is generated from it.
"""

SENTENCES = {
    "silent": "Every sample is the same: nothing moved, or the sensor says nothing.",
    "clipped": "Samples lie at the end of the range, the rest is cut off: take a wider range.",
    "overrun": "The sensor's buffer ran over and samples were lost: lower its rate.",
    "gap": "Samples are missing within the record.",
    "too_short": "The record is too short for this value: take more samples, or a lower rate.",
    "short": "The record is under 0.4 s: the value scatters, and is none for zones or trends.",
    "above_nyquist": "It lies above half of the sample rate: sample faster.",
    "bandwidth": "Sensor or sample rate end below the frequencies that it needs.",
    "no_line": "No further line stands out of the spectrum.",
    "no_speed": "The shaft's speed is not known: give it.",
    "uncertain_speed": "The shaft's speed is not known surely enough (a bearing needs 0.5 %): "
    "give it, or know it better.",
    "slow_shaft": "The shaft turns below 10 Hz (600 rpm): zones then need 2 s to 1 kHz, which no "
    "record holds.",
    "no_machine": "The machine's group and support are not given, so no zone can be told.",
    "rate": "The true sample rate could not be measured, so frequencies are not sure.",
    "stuck": "The sensor repeats its values: it is stuck, replace it if that stays so.",
    "mounting": "Gravity is not where it is to be: the sensor sits otherwise than set, or loose.",
    "noise": "The sensor's own noise is over a quarter of the limit of zone A: take a better one.",
    "no_bearing": "The bearing's order that it needs is not given: a verdict needs bpfo and bpfi.",
    "few_blocks": "Less than four blocks went into the verdict: take more.",
    "near_shaft": "The bearing's line lies on a multiple of the shaft's: it may be either.",
    "threshold_unproven": "No healthy records of this point have been learned: the threshold is "
    "the one for all.",
    "speed_off": "The lines stand more than 1 % beside the speed that was given: check it.",
    "speed_unproven": "Nothing in the record confirms the speed that was given.",
    "below_floor": "Under 0.1 % (velocity: 0.05 %) of the record's RMS: rounding hides it.",
    "unsteady": "The current or its frequency changes within the record, as while a drive starts.",
    "no_voltage": "No voltage of this phase is measured, so there is no power.",
    "not_together": "The channels are not sampled together, so their phases cannot be compared.",
    "no_phases": "It is of three phases, and fewer are measured.",
    "clamp": "The three currents do not cancel: a clamp is reversed or off, or a neutral runs.",
    "unbalanced": "The phases differ too much to tell their order: one may be missing.",
    "no_motor": "The motor's rated current or pole pairs are not given.",
    "no_start": "No switch-on lies within the record.",
    "estimate": "It is an estimate, from lines beside the mains': take it for no measurement.",
    "standing": "The machine stands still, by its current: there is nothing to judge.",
    "not_seen": "No good record since the node began has told it yet.",
    "bias": "The input does not rest where its bias should hold it: look at divider and wiring.",
    "clamp_off": "Two currents flow as if there were a third: its clamp is off its cable or open.",
    "clamp_reversed": "The clamp sits on its cable the wrong way round: turn it, or make per_volt "
    "negative.",
    "phase_lost": "Two phases carry one current and the third none: a fuse or a contact is gone.",
    "supply": "The voltages' own unbalance may be the cause: nothing is said of the motor.",
    "reference": "All inputs rest elsewhere than at the boot: the converter's reference drifts, "
    "or the bias.",
}


def words(reason: str) -> str:
    """A reason as it stands in a cell: `too short`."""
    return reason.replace("_", " ")


def sentence(reason: str) -> str:
    """What it means and what to do; of an unknown one, from newer firmware, its words."""
    return SENTENCES.get(reason, words(reason) + ".")
