"""Questions: an exercise whose answer is checked, and a prediction to make before looking."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from dvfs_kernel.errors import DvfsError, PanelError
from dvfs_kernel.widgets.exercises import EXERCISES
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.predictions import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.widgets.exercises import Exercise
    from dvfs_kernel.widgets.predictions import Prediction

__all__ = ["ExercisePanel", "PredictionPanel"]


class ExercisePanel(Panel):
    """A question, a field for the answer, and a solution that is folded away.

    Parameters
    ----------
    name
        A key of `EXERCISES`.
    panel
        The panel that the question is about, where it is about one.

    Raises
    ------
    PanelError
        There is no such exercise.
    """

    def __init__(self, name: str, panel: Panel | None = None) -> None:
        exercise: Exercise = _named(EXERCISES, name, "exercise")
        super().__init__("Exercise")
        self._exercise = exercise
        self._panel = panel
        self.answer = ipywidgets.FloatText(
            description=f"answer ({exercise.unit})" if exercise.unit else "answer"
        )
        self.check = ipywidgets.Button(description="Check", icon="check")
        self.check.on_click(lambda _: self.guarded(self._check))
        question = ipywidgets.HTML(f"<p>{escape(exercise.question)}</p>")
        self.solution = ipywidgets.HTML()
        self.fill(question, control_row([self.answer, self.check]), self.solution)
        # A verdict is of one answer, about one result: it goes with either.
        self.answer.observe(lambda _: self.tell(""), "value")
        if panel is not None:
            panel.follow(self._begin_anew)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.tell("")
        try:
            self._explain()
        except DvfsError:  # the panel has nothing yet, or nothing that answers it
            self._fold("Press Check when the panel has its data.")

    def _check(self) -> None:
        given = self.answer.value
        if not math.isfinite(given):
            raise PanelError(f"the answer is {given}; a finite number is allowed")
        right = self._exercise.answer(self._panel)
        if abs(given - right) <= self._exercise.tolerance * abs(right):
            self.tell(f"Right: {right:.4g} {self._exercise.unit}".rstrip() + ".", "good")
        else:
            way = "more" if given < right else "less"
            self.tell(f"{given:g} is not it: it is {way}.", "error")
        self._explain()

    def _explain(self) -> None:
        self._fold(self._exercise.explain(self._panel))

    def _fold(self, text: str) -> None:
        self.solution.value = f"<details><summary>Solution</summary><p>{escape(text)}</p></details>"


class PredictionPanel(Panel):
    """A prediction to be made before the answer is shown.

    Parameters
    ----------
    name
        A key of `PREDICTIONS`.

    Raises
    ------
    PanelError
        There is no such prediction.
    """

    def __init__(self, name: str) -> None:
        prediction: Prediction = _named(PREDICTIONS, name, "prediction")
        super().__init__("Predict first")
        self._prediction = prediction
        self.choice = ipywidgets.RadioButtons(
            options=list(prediction.options), value=None, layout={"width": "auto"}
        )
        self.choice.observe(self._answer, "value")
        self.fill(ipywidgets.HTML(f"<p>{escape(prediction.question)}</p>"), self.choice)

    def _answer(self, _: Any) -> None:
        chosen = self.choice.value
        if chosen is None:
            return
        prediction = self._prediction
        if prediction.answer is None:
            self.tell(f"Noted: {chosen}. {prediction.look}")
            return
        right = prediction.answer()
        verdict = "That is what happens." if chosen == right else f"No: {right}."
        self.tell(f"{verdict} {prediction.look}", "good" if chosen == right else "note")


def _named(known: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in known:
        raise PanelError(f"there is no {what} {name!r}; there are {', '.join(known)}")
    return known[name]
