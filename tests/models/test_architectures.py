"""Parameter counts derived by hand, and the parts of each network that counts cannot show."""

import keras
import numpy as np
import pytest

from lossbench.models import build, draw_initial_weights


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


def test_lenet5_has_61706_parameters():
    # C1 5*5*1*6 + 6 = 156; C3 5*5*6*16 + 16 = 2,416; C5 5*5*16*120 + 120 = 48,120;
    # F6 120*84 + 84 = 10,164; head 84*10 + 10 = 850. Images of 28 x 28 get a margin to 32 x 32.
    for side in (28, 32):
        assert build("lenet5", {}, (side, side, 1), 10).count_params() == 61_706


def test_deeper_resnets_have_the_parameters_of_the_paper():
    # He et al. 2016, table 6: 0.46 and 0.85 million. Each block more a stage adds two convolutions
    # and their normalisation: 2 * 9 * (16^2 + 32^2 + 64^2) + 4 * (16 + 32 + 64) = 97,216.
    for name, blocks in (("resnet32", 5), ("resnet56", 9)):
        model = build(name, {}, (32, 32, 3), 10)
        assert trainable(model) == 269_722 + (blocks - 3) * 97_216


@pytest.mark.parametrize(
    ("depth", "width", "millions"), [(16, 8, 11.0), (40, 4, 8.9), (28, 10, 36.5)]
)
def test_wide_resnet_has_the_parameters_of_the_paper(depth, width, millions):
    # Zagoruyko & Komodakis 2016, tables 4 and 5.
    model = build("wide_resnet", {"depth": depth, "width": width}, (32, 32, 3), 10)
    assert trainable(model) / 1e6 == pytest.approx(millions, abs=0.051)


def as_torch(model):
    """The arrays of a network for PyTorch, by path: kernels turned to [outputs, inputs, ...]."""
    torch = pytest.importorskip("torch")
    turned = {2: (1, 0), 4: (3, 2, 0, 1)}
    found = {}
    for variable in model.weights:
        array = np.array(variable)
        depthwise = "depthwise/" in variable.path and array.ndim == 4
        order = (2, 3, 0, 1) if depthwise else turned.get(array.ndim)
        found[variable.path] = torch.tensor(array if order is None else array.transpose(order))
    return found


def started(name, params, shape, outputs):
    """A network whose normalisation has statistics that show when they are used wrongly."""
    model = build(name, params, shape, outputs)
    rng = np.random.default_rng(0)
    weights = draw_initial_weights(model, 0)
    weights = [
        rng.uniform(0.5, 1.5, w.shape).astype(np.float32) if w.ndim == 1 else w for w in weights
    ]
    model.set_weights(weights)
    images = rng.random((2, *shape), dtype=np.float32)
    return model, images, keras.ops.convert_to_numpy(model(images, training=False))


def normed(torch, w, x, name):
    """Batch normalisation in inference mode with PyTorch's epsilon."""
    stats = [w[f"{name}_norm/{k}"] for k in ("moving_mean", "moving_variance", "gamma", "beta")]
    return torch.nn.functional.batch_norm(x, *stats, training=False, eps=1e-5)


@pytest.mark.parametrize(
    ("name", "channels", "side", "widths", "repeats", "n"),
    [
        # Linear(3136, 256) and Linear(64 * 7 * 7, 128) in the released code
        ("vgg_small", 3, 32, (64, 128, 196), 2, 1_639_794),
        ("cnn4", 1, 28, (32, 64), 1, 422_090),
    ],
)
def test_networks_of_the_noisy_label_papers_equal_pytorch(name, channels, side, widths, repeats, n):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model, images, outputs = started(name, {}, (side, side, channels), 10)
    modules, before = [], channels
    for width in widths:
        for _ in range(repeats):
            modules += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        modules.append(nn.MaxPool2d(2, 2))
    size, hidden = before * (side // 2 ** len(widths)) ** 2, 256 if name == "vgg_small" else 128
    modules += [nn.Flatten(), nn.Linear(size, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
    oracle = nn.Sequential(*modules, nn.Linear(hidden, 10)).eval()
    assert trainable(model) == n == sum(p.numel() for p in oracle.parameters())
    ours = iter(as_torch(model).values())
    with torch.no_grad():
        for module in oracle:
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
                for to in (module.weight, module.bias, module.running_mean, module.running_var):
                    to.copy_(next(ours))
            elif isinstance(module, nn.Conv2d | nn.Linear):
                kernel = next(ours)
                if kernel.shape[-1] == size:  # pixels by channels, and channels by pixels
                    kernel = kernel.reshape(hidden, -1, before).transpose(1, 2).reshape(hidden, -1)
                module.weight.copy_(kernel)
                module.bias.copy_(next(ours))
        theirs = oracle(torch.tensor(images.transpose(0, 3, 1, 2))).numpy()
    np.testing.assert_allclose(outputs, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


def test_wide_resnet_equals_pytorch():
    # The block of the released PyTorch port: a shortcut that convolves reads what is normalised.
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    params = {"depth": 10, "width": 2, "dropout": 0.3}
    model, images, outputs = started("wide_resnet", params, (9, 12, 3), 4)
    w = as_torch(model)
    x = torch.tensor(images.transpose(0, 3, 1, 2))
    x = functional.conv2d(x, w["stem_conv/kernel"], padding=1)
    for stage in (1, 2, 3):
        name, stride = f"stage_{stage}_block_1", 1 if stage == 1 else 2
        x = torch.relu(normed(torch, w, x, f"{name}_1"))
        y = functional.conv2d(x, w[f"{name}_1_conv/kernel"], stride=stride, padding=1)
        y = torch.relu(normed(torch, w, y, f"{name}_2"))
        y = functional.conv2d(y, w[f"{name}_2_conv/kernel"], padding=1)
        x = y + functional.conv2d(x, w[f"{name}_shortcut/kernel"], stride=stride)
    x = torch.relu(normed(torch, w, x, "last")).mean(dim=(2, 3))
    theirs = functional.linear(x, w["head/kernel"], w["head/bias"]).numpy()
    np.testing.assert_allclose(outputs, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


def test_mobilenet_small_equals_pytorch():
    # Blocks as in torchvision's InvertedResidual.
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    model, images, outputs = started("mobilenet_small", {}, (10, 9, 3), 4)
    assert trainable(build("mobilenet_small", {}, (32, 32, 3), 10)) == 203_658
    w = as_torch(model)

    def conv(x, name, **options):
        return functional.conv2d(x, w[f"{name}/kernel"], **options)

    x = torch.tensor(images.transpose(0, 3, 1, 2))
    x = functional.relu6(normed(torch, w, conv(x, "stem_conv", padding=1), "stem"))
    for number, (widen, blocks, first) in enumerate(
        [(1, 1, 1), (6, 2, 1), (6, 3, 2), (6, 3, 2)], 1
    ):
        for block in range(1, blocks + 1):
            name, stride, y = f"stage_{number}_block_{block}", first if block == 1 else 1, x
            if widen > 1:
                y = conv(y, f"{name}_widen")
                y = functional.relu6(normed(torch, w, y, f"{name}_widen"))
            y = conv(y, f"{name}_depthwise", stride=stride, padding=1, groups=y.shape[1])
            y = functional.relu6(normed(torch, w, y, f"{name}_depthwise"))
            y = normed(torch, w, conv(y, f"{name}_narrow"), f"{name}_narrow")
            x = x + y if stride == 1 and x.shape == y.shape else y
    x = functional.relu6(normed(torch, w, conv(x, "last_conv"), "last")).mean(dim=(2, 3))
    theirs = functional.linear(x, w["head/kernel"], w["head/bias"]).numpy()
    np.testing.assert_allclose(outputs, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())
