"""The Reconstruction Module: its layers against plain matrices, its parts, and what standardises them."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vadbench.methods.layers.reconstruction import ReconstructionModule
from vadbench.methods.layers.training import module_arrays

WIDTHS = {"patterns": 3, "motion": 2}
Parts = dict[str, np.ndarray]


def made(depth: int = 5, hidden: int = 6, seed: int = 0) -> ReconstructionModule:
    torch.manual_seed(seed)
    return ReconstructionModule(WIDTHS, depth=depth, hidden=hidden)


def rows(count: int, seed: int = 0) -> Parts:
    draw = np.random.default_rng(seed)
    return {name: draw.normal(2, 3, size=(count, width)) for name, width in WIDTHS.items()}


def tensors(parts: Parts) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values.astype(np.float32)) for name, values in parts.items()}


def errors(module: ReconstructionModule, parts: Parts) -> np.ndarray:
    with torch.inference_mode():
        return module(tensors(parts)).numpy()


def loop_errors(arrays: Parts, training: Parts, parts: Parts, depth: int) -> list[float]:
    """Row by row: standardise, join, multiply with each matrix, square what differs."""
    found = []
    for number in range(len(parts["motion"])):
        joined = [
            (parts[name][number, i] - training[name][:, i].mean()) / training[name][:, i].std()
            for name, width in WIDTHS.items()
            for i in range(width)
        ]
        values = np.array(joined)
        for layer in range(depth):
            weight, bias = (arrays[f"layers.{2 * layer}.{kind}"] for kind in ("weight", "bias"))
            values = weight.astype(np.float64) @ values + bias
            if layer < depth - 1:
                values = np.maximum(values, 0)
        found.append(sum((a - b) ** 2 for a, b in zip(joined, values, strict=True)) / len(joined))
    return found


@pytest.mark.parametrize("depth", [2, 5, 7, 9])
def test_errors_are_those_of_the_loop(depth: int) -> None:
    module, training, test = made(depth), rows(40), rows(9, seed=1)
    module.standardise_by(training)
    expected = loop_errors(module_arrays(module), training, test, depth)
    np.testing.assert_allclose(errors(module, test), expected, rtol=1e-4)


@pytest.mark.parametrize("depth", [5, 7, 9])
def test_layers_are_the_papers(depth: int) -> None:
    """The first maps to D_h, the last from it, and in between all keep it; section 3.5."""
    module = ReconstructionModule({"patterns": 768, "motion": 8}, depth=depth, hidden=512)
    linear = [layer for layer in module.layers if isinstance(layer, nn.Linear)]
    sizes = [(layer.in_features, layer.out_features) for layer in linear]
    assert sizes == [(776, 512), *[(512, 512)] * (depth - 2), (512, 776)]
    others = [type(layer) for layer in module.layers if not isinstance(layer, nn.Linear)]
    assert others == [nn.ReLU] * (depth - 1)
    assert isinstance(module.layers[-1], nn.Linear)


def test_gradients_are_those_of_differences_and_reach_every_layer() -> None:
    module = made(3, 4).double()
    module.standardise_by(rows(20))
    inputs = {name: torch.from_numpy(values) for name, values in rows(5, seed=2).items()}
    module(inputs).mean().backward()
    names = [name for name, _ in module.named_parameters()]
    assert names == [f"layers.{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")]
    for parameter in module.parameters():
        gradient, flat = parameter.grad.flatten(), parameter.data.view(-1)
        assert gradient.abs().max() > 0
        for place in range(0, len(flat), 3):
            kept = flat[place].item()
            values = []
            for step in (1e-6, -1e-6):
                flat[place] = kept + step
                values.append(module(inputs).mean().item())
            flat[place] = kept
            assert gradient[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


def test_training_rows_have_mean_zero_and_deviation_one_in_each_part() -> None:
    module, training = made(), rows(50)
    module.standardise_by(training)
    for name, part in module.parts.items():
        done = part(tensors(training)[name]).numpy()
        np.testing.assert_allclose(done.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(done.std(axis=0), 1, atol=1e-5)


def test_a_constant_input_counts_as_it_is() -> None:
    """0.1 has no exact mean: its rounding must not become a unit."""
    training = {"patterns": np.full((30, 3), 0.1), "motion": np.zeros((30, 2))}
    module = made()
    module.standardise_by(training)
    other = tensors({"patterns": np.full((1, 3), 2.1), "motion": np.full((1, 2), 3.0)})
    for name, value in (("patterns", 2.0), ("motion", 3.0)):
        part = module.parts[name]
        np.testing.assert_allclose(part(tensors(training)[name]).numpy(), 0, atol=1e-6)
        np.testing.assert_allclose(part(other[name]).numpy(), value, rtol=1e-6)


def test_without_standardisation_rows_are_taken_as_they_are() -> None:
    test = rows(9)
    plain, none = made(), {"patterns": np.array([[0.0] * 3, [2.0] * 3]), "motion": np.zeros((2, 2))}
    none["motion"][1] = 2
    unit = copy.deepcopy(plain)
    unit.standardise_by({name: values - 1 for name, values in none.items()})  # mean 0, deviation 1
    np.testing.assert_allclose(errors(plain, test), errors(unit, test), rtol=1e-5)


@settings(max_examples=30)
@given(
    scales=st.tuples(*[st.floats(0.01, 100)] * 5),
    shifts=st.tuples(*[st.floats(-50, 50)] * 5),
)
def test_the_unit_of_an_input_does_not_matter(scales: tuple[float, ...], shifts: tuple[float, ...]) -> None:
    def changed(parts: Parts) -> Parts:
        joined = np.concatenate(list(parts.values()), axis=1) * scales + shifts
        return {"patterns": joined[:, :3], "motion": joined[:, 3:]}

    training, test = rows(40), rows(6, seed=1)
    module, other = made(), made()
    module.standardise_by(training)
    other.standardise_by(changed(training))
    np.testing.assert_allclose(errors(module, test), errors(other, changed(test)), rtol=0.05, atol=1e-3)


def test_a_row_is_scored_by_itself_and_names_order_nothing() -> None:
    module, test = made(), rows(12)
    module.standardise_by(rows(30, seed=3))
    whole = errors(module, test)
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_allclose(
        errors(module, {name: v[order] for name, v in test.items()}), whole[order], rtol=1e-5
    )
    single = [errors(module, {name: v[[i]] for name, v in test.items()})[0] for i in range(12)]
    np.testing.assert_allclose(single, whole, rtol=1e-5)
    turned = dict(reversed(test.items()))
    np.testing.assert_array_equal(errors(module, turned), whole)


def test_every_input_of_every_part_counts_alike() -> None:
    """Of a module that gives zeros back, the error is the mean of squares over all inputs."""
    module = made()
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    test = {"patterns": np.array([[3.0, 0.0, 0.0]]), "motion": np.array([[0.0, 1.0]])}
    assert errors(module, test) == pytest.approx([(9 + 1) / 5])
    assert len(errors(module, {name: values[:0] for name, values in test.items()})) == 0
