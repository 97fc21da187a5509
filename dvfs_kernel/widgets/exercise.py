"""Questions with answers that are computed, not written down: they stay true when numbers move."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from dvfs_kernel.widgets.exercises import EXERCISES, PREDICTIONS
from dvfs_kernel.widgets.panel import Panel, control_row

if TYPE_CHECKING:
    from dvfs_kernel.widgets.exercises import Exercise, Prediction

__all__ = ["ExercisePanel", "PredictionPanel"]


class ExercisePanel(Panel):
    """A number to find; the solution is folded away.

    Parameters
    ----------
    name
        A key of `EXERCISES`.
    """

    def __init__(self, name: str) -> None:
        exercise: Exercise = EXERCISES[name]
        super().__init__("Exercise")
        self._exercise = exercise
        self.answer = ipywidgets.FloatText(description=f"answer ({exercise.unit})")
        self.check = ipywidgets.Button(description="Check", icon="check")
        self.check.on_click(lambda _: self._check())
        question = ipywidgets.HTML(f"<p>{escape(exercise.question)}</p>")
        self.solution = ipywidgets.HTML(
            f"<details><summary>Solution</summary><p>{escape(exercise.explain())}</p></details>"
        )
        self.fill(question, control_row([self.answer, self.check]), self.solution)

    def _check(self) -> None:
        right = self._exercise.answer()
        given = self.answer.value
        if abs(given - right) <= self._exercise.tolerance * abs(right):
            self.tell(f"Right: {right:.4g} {self._exercise.unit}.", "good")
        else:
            way = "more" if given < right else "less"
            self.tell(f"{given:g} {self._exercise.unit} is not it: it is {way}.", "error")


class PredictionPanel(Panel):
    """A prediction to be made before the answer is shown.

    Parameters
    ----------
    name
        A key of `PREDICTIONS`.
    """

    def __init__(self, name: str) -> None:
        prediction: Prediction = PREDICTIONS[name]
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
        right = chosen == self._prediction.answer
        verdict = "That is what happens." if right else f"No: {self._prediction.answer}."
        self.tell(f"{verdict} {self._prediction.why}", "good" if right else "note")
