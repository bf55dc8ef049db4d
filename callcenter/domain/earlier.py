"""What a part of the hotline says of its own past."""


class Earlier(str):
    """Words of a health report on what went wrong earlier and is over: said until a restart, but nothing to alarm.

    A plain text beside `degraded` says what is so now. Whatever is joined to this text gives a plain one again: who
    adds a fault to such a report has it raise the alarm, without knowing of this class.
    """

    __slots__ = ()
