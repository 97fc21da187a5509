"""One clock source that takes time to become ready: HSI, HSE, LSI, LSE, a PLL."""


class Oscillator(object):
    """Off, starting or ready.

    Parameters
    ----------
    host : object
        Gives the time and calls back; see `Device`.
    on_ready : callable
        Called once, with no argument, when the source becomes ready.
    """

    def __init__(self, host, on_ready):
        self.host = host
        self.on = False
        self._on_ready = on_ready
        self._announced = False
        self._ready_at_ps = 0
        self._token = None

    def start(self, startup_ps):
        """Switch on; ready after `startup_ps`, or never where that is None."""
        self.stop()
        self.on = True
        self._announced = False
        self._ready_at_ps = None
        if startup_ps is not None:
            self._ready_at_ps = self.host.now_ps() + startup_ps
            self._token = self.host.call_at(self._ready_at_ps, self._announce)

    def start_ready(self):
        """Switch on without delay or announcement: the state after reset."""
        self.stop()
        self.on = True
        self._announced = True
        self._ready_at_ps = self.host.now_ps()

    def stop(self):
        """Switch off at once."""
        if self._token is not None:
            self.host.cancel(self._token)
            self._token = None
        self.on = False

    def ready(self):
        """Say whether the source is on and has settled, to the picosecond."""
        if not self.on or self._announced:
            return self.on  # asking for the time costs more than all the rest
        if self._ready_at_ps is None or self.host.now_ps() < self._ready_at_ps:
            return False
        if self._token is not None:
            self.host.cancel(self._token)
        self._announce()
        return True

    def _announce(self):
        self._token = None
        self._announced = True
        self._on_ready()
