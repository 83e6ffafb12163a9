"""Parameter counts derived by hand, and the parts of each network that counts cannot show."""

import keras
import numpy as np
import pytest

from lossbench.models import build


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_weights)


def test_seed_cnn_has_225034_parameters():
    # Convolutions: 3*3*1*32 + 32 = 320 and 3*3*32*64 + 64 = 18,496. Sides: 28 -> 26 -> 13 -> 11
    # -> 5, so 5*5*64 = 1,600 values: 1600*128 + 128 = 204,928. Head: 128*10 + 10 = 1,290.
    assert build("seed_cnn", {}, (28, 28, 1), 10).count_params() == 225_034


def test_tiny_cnn_has_1418_parameters():
    # 3*3*1*8 + 8 = 80; 3*3*8*16 + 16 = 1,168; head 16*10 + 10 = 170.
    assert build("tiny_cnn", {}, (28, 28, 1), 10).count_params() == 1_418


def test_conv1d_small_has_30193_parameters_and_sees_along_time_alone():
    # 5*1*16 + 16 = 96; 5*16*16 + 16 = 1,296; 28*16 = 448 values: 448*64 + 64 = 28,736; head 65.
    model = build("conv1d_small", {}, (28, 1, 1), 1)
    assert model.count_params() == 30_193
    # A spike on one day reaches two days to either side in the first layer, and no others.
    first = keras.Model(model.input, model.get_layer("conv_1").output)
    series = np.zeros((2, 28, 1, 1), np.float32)
    series[1, 10] = 1.0
    still, moved = keras.ops.convert_to_numpy(first(series))
    assert np.flatnonzero((still != moved).any(axis=1)).tolist() == [8, 9, 10, 11, 12]


def test_mlp_has_4545_parameters():
    # 4*64 + 64 = 320; 64*64 + 64 = 4,160; head 65.
    assert build("mlp", {}, (4, 1, 1), 1).count_params() == 4_545
    # images of any shape: 12 values, 12*64 + 64 = 832
    assert build("mlp", {}, (2, 3, 2), 1).count_params() == 4_545 + 832 - 320


def test_unet_small_has_117985_parameters():
    # Down: 9*1*16 + 16 = 160, 9*16*16 + 16 = 2,320; 4,640, 9,248. Bottom: 18,496, 36,928.
    # Up: 9*(64 + 32)*32 + 32 = 27,680, 9,248; 9*(32 + 16)*16 + 16 = 6,928, 2,320. Head: 17.
    assert build("unet_small", {}, (24, 24, 1), 1).count_params() == 117_985


def test_resnet20_has_269722_trainable_parameters():
    # Convolutions without bias: stem 3*3*3*16 = 432; stage 1: 6 * 3*3*16*16 = 13,824;
    # stage 2: 3*3*16*32 + 5 * 3*3*32*32 = 50,688; stage 3: 3*3*32*64 + 5 * 3*3*64*64 = 202,752.
    # Batch normalisation, two a channel: 2 * (16 + 6*16 + 6*32 + 6*64) = 1,376.
    # Shortcuts: none. Head: 64*10 + 10 = 650. Sum: 269,722.
    model = build("resnet20", {}, (32, 32, 3), 10)
    assert trainable(model) == 269_722
    assert model.count_params() == 269_722 + 1_376  # moving mean and variance
    convolutions = [x for x in model.layers if isinstance(x, keras.layers.Conv2D)]
    assert len(convolutions) == 19
    assert not any(x.use_bias for x in convolutions)


def test_resnet20_shortcut_takes_every_second_pixel_and_adds_channels_of_zeros():
    model = build("resnet20", {}, (8, 8, 1), 2)
    before = model.get_layer("stage_1_block_3_relu").output
    after = model.get_layer("stage_2_block_1_shortcut_widen").output
    images = np.random.default_rng(0).random((1, 8, 8, 1), dtype=np.float32)
    whole, half = keras.Model(model.input, [before, after])(images)
    whole, half = (keras.ops.convert_to_numpy(x) for x in (whole, half))
    np.testing.assert_array_equal(half[..., :16], whole[:, ::2, ::2])
    assert not half[..., 16:].any()


def test_resnet20_convolves_even_pixels_where_it_halves():
    # An image of one bright pixel at an even place must reach the centre of the 3x3 kernel.
    layer = build("resnet20", {}, (8, 8, 1), 2)
    pad = layer.get_layer("stage_2_block_1_1_pad")
    conv = layer.get_layer("stage_2_block_1_1_conv")
    kernel = np.zeros((3, 3, 16, 32), np.float32)
    kernel[1, 1, 0, 0] = 1.0
    conv.set_weights([kernel])
    values = np.random.default_rng(0).random((1, 8, 8, 16), dtype=np.float32)
    found = keras.ops.convert_to_numpy(conv(pad(values)))
    np.testing.assert_allclose(found[0, :, :, 0], values[0, ::2, ::2, 0], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras
def test_resnet20_is_saved_and_read_without_custom_objects(tmp_path):
    model = build("resnet20", {}, (8, 8, 1), 2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(images)), keras.ops.convert_to_numpy(again(images))
    )
