"""Answers to week 2: wrong ones, which lose points and read something that helps, and right ones in other styles, which do not.

``WRONG = {solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
``RIGHT = {solution cell: {the style: source of the cell}}``
``EQUIVALENT = {solution cell: {mutant: why it is no mistake}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def size(result, check="True"):
    """A wrong `output_size`."""
    return answer("output_size(size, kernel, stride=1, padding=0, dilation=1)", f"""
        reach = dilation * (kernel - 1) + 1
        if not ({check}):
            raise ValueError("impossible")
        return {result}
    """)


FITS = "min(size, kernel, stride, dilation) >= 1 and padding >= 0 and size + 2 * padding >= reach"
RIGHT_SIZE = "(size + 2 * padding - reach) // stride + 1"


def slide(*, height="output_size(image.shape[0], kernel.shape[0], stride, padding, dilation)",
          width="output_size(image.shape[1], kernel.shape[1], stride, padding, dilation)",
          pad="np.pad(image.astype(float), padding)", prepare="pass", result="np.zeros((height, width))",
          top="i * stride", left="j * stride", rows="kernel.shape[0]", columns="kernel.shape[1]",
          down="dilation", right="dilation", end="return result"):
    """A wrong `conv2d`."""
    return answer("conv2d(image, kernel, stride=1, padding=0, dilation=1)", f"""
        {prepare}
        height = {height}
        width = {width}
        padded = {pad}
        result = {result}
        for i in range(height):
            for j in range(width):
                top, left = {top}, {left}
                bottom, right = top + {down} * ({rows} - 1) + 1, left + {right} * ({columns} - 1) + 1
                result[i, j] = (padded[top:bottom:{down}, left:right:{right}] * kernel).sum()
        {end}
    """)


def by_size(pad, height, width):
    """A wrong `conv2d` whose image is padded in its own way."""
    return slide(pad=f"np.pad(image.astype(float), {pad})",
                 height=f"output_size(image.shape[0] + {height}, kernel.shape[0], stride, 0, dilation)",
                 width=f"output_size(image.shape[1] + {width}, kernel.shape[1], stride, 0, dilation)")


def layer(*, one="conv2d(image[:, :, c], filters[:, :, c, f], stride, padding, dilation)", join="sum(maps)",
          stack="np.stack(outputs, axis=-1)", end="return result if bias is None else result + bias"):
    """A wrong `conv_layer`."""
    return answer("conv_layer(image, filters, bias=None, stride=1, padding=0, dilation=1)", f"""
        outputs = []
        for f in range(filters.shape[3]):
            maps = [{one} for c in range(filters.shape[2])]
            outputs.append({join})
        result = {stack}
        {end}
    """)


def pooling(*, stride="size if stride is None else stride", border="np.nan", rounding="",
            largest="np.nanmax(window, axis=(0, 1))", average="np.nanmean(window, axis=(0, 1))",
            choose='kind == "max"', dtype="float", step="stride"):
    """A wrong `pool`."""
    return answer('pool(image, size=2, stride=None, padding=0, kind="max")', f"""
        stride = {stride}
        height = output_size(image.shape[0]{rounding}, size, stride, padding)
        width = output_size(image.shape[1]{rounding}, size, stride, padding)
        sides = ((padding, padding), (padding, padding), (0, 0))
        padded = np.pad(image.astype(float), sides, constant_values={border})
        result = np.zeros((height, width, image.shape[2]), dtype={dtype})
        for i in range(height):
            for j in range(width):
                top, left = i * {step}, j * {step}
                window = padded[top : top + size, left : left + size]
                result[i, j] = {largest} if {choose} else {average}
        return result
    """)


def parameters(result):
    """A wrong `count_parameters`."""
    return answer("count_parameters(channels, filters, kernel, groups=1, bias=True)", f"return {result}")


def work(result, rows="output_size(height, kernel, stride, padding, dilation)",
         columns="output_size(width, kernel, stride, padding, dilation)"):
    """A wrong `count_multiply_adds`."""
    signature = "height, width, channels, filters, kernel, stride=1, padding=0, dilation=1, groups=1"
    return answer(f"count_multiply_adds({signature})", f"""
        rows = {rows}
        columns = {columns}
        weights = count_parameters(channels, filters, kernel, groups, bias=False)
        return {result}
    """)


def field(*, start="1", grow="dilation * (kernel - 1) * jump", step="jump *= stride", order="layers", before="pass"):
    """A wrong `receptive_field`."""
    return answer("receptive_field(layers)", f"""
        field, jump = {start}, 1
        for kernel, stride, dilation in {order}:
            {before}
            field += {grow}
            {step}
        return field
    """)


def matrix(*, put="window[top : top + rows, left : left + columns] = kernel", row="window.ravel()", top="i * stride",
           left="j * stride", shape="(height, width)", end="return np.array(matrix)"):
    """A wrong `conv_matrix`."""
    return answer("conv_matrix(kernel, height, width, stride=1)", f"""
        rows, columns = kernel.shape
        matrix = []
        for i in range(output_size(height, rows, stride)):
            for j in range(output_size(width, columns, stride)):
                top, left = {top}, {left}
                window = np.zeros({shape})
                {put}
                matrix.append({row})
        {end}
    """)


def transposed(result, *, height="(image.shape[0] - 1) * stride + kernel.shape[0]",
               width="(image.shape[1] - 1) * stride + kernel.shape[1]", kernel="kernel"):
    """A wrong `conv2d_transpose`."""
    return answer("conv2d_transpose(image, kernel, stride=1)", f"""
        height = {height}
        width = {width}
        matrix = conv_matrix({kernel}, height, width, stride)
        return {result}
    """)


def edges(*, grey="photo.mean(axis=2)", sobel="[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]", other="sobel.T", options="",
          result="np.hypot(r, d)"):
    """A wrong `edge_strength`."""
    return answer("edge_strength(photo)", f"""
        sobel = np.array({sobel})
        grey = {grey}
        r, d = course_conv2d(grey, sobel{options}), course_conv2d(grey, {other}{options})
        return {result}
    """)


SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN = (
    f"output_size{part}_test" for part in ("", "_hidden", "_refuses", "_refuses_hidden")
)
WINDOWS, PADDING, STRIDE, DILATION = (f"conv2d_{part}_test" for part in ("windows", "padding", "stride", "dilation"))
WINDOWS_HIDDEN, PADDING_HIDDEN, STRIDE_HIDDEN, DILATION_HIDDEN = (
    f"conv2d_{part}_hidden_test" for part in ("windows", "padding", "stride", "dilation")
)
CHANNELS, FILTERS, KERAS = (f"conv_layer_{part}_test" for part in ("channels", "filters", "keras"))
CHANNELS_HIDDEN, FILTERS_HIDDEN, KERAS_HIDDEN = (f"conv_layer_{part}_hidden_test" for part in ("channels", "filters", "keras"))
MAX, AVERAGE, BORDER, POOL_HIDDEN = (f"pool_{part}_test" for part in ("max", "average", "padding", "hidden"))
COUNT, GROUPS, COUNT_HIDDEN = (f"count_parameters{part}_test" for part in ("", "_groups", "_hidden"))
WORK, WORK_HIDDEN = "count_multiply_adds_test", "count_multiply_adds_hidden_test"
FIELD, JUMP, FIELD_HIDDEN = (f"receptive_field{part}_test" for part in ("", "_jump", "_hidden"))
MATRIX, MATRIX_HIDDEN = "conv_matrix_test", "conv_matrix_hidden_test"
TRANSPOSE, TRANSPOSE_HIDDEN = "conv2d_transpose_test", "conv2d_transpose_hidden_test"
EDGES, EDGES_HIDDEN = "edge_strength_test", "edge_strength_hidden_test"

ALL_WINDOWS = [WINDOWS, WINDOWS_HIDDEN, PADDING, PADDING_HIDDEN, STRIDE, STRIDE_HIDDEN, DILATION, DILATION_HIDDEN]
ALL_LAYERS = [CHANNELS, CHANNELS_HIDDEN, FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN]

WRONG = {
    "output_size": {
        "true division": (
            size("(size + 2 * padding - reach) / stride + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "whole steps only"),
        "rounds up": (
            size("-(-(size + 2 * padding - reach) // stride) + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "whole steps only"),
        "rounds to the nearest": (
            size("round((size + 2 * padding - reach) / stride) + 1", FITS),
            [SIZE, SIZE_HIDDEN], "What does // do"),
        "pads one side": (
            size("(size + padding - reach) // stride + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES], "An image has two ends"),
        "counts the steps": (
            size("(size + 2 * padding - reach) // stride", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN], "before any step"),
        "dilation ignored": (
            size("(size + 2 * padding - kernel) // stride + 1", "size + 2 * padding >= kernel and stride >= 1"),
            [SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN], "how far does it reach"),
        "dilation times the kernel": (
            size("(size + 2 * padding - dilation * kernel) // stride + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "two gaps between them"),
        "always the size of the input": (size("size", FITS), [SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN], "has to stay inside"),
        "np.floor: a float": (
            size("np.floor((size + 2 * padding - reach) / stride) + 1", FITS),
            [SIZE, SIZE_HIDDEN], "whole numbers"),
        "np.ceil": (
            size("int(np.ceil((size + 2 * padding - reach) / stride)) + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "whole steps only"),
        "stride ignored": (size("size + 2 * padding - reach + 1", FITS), [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "output_size"),
        "padding ignored": (
            size("(size - reach) // stride + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN], "output_size"),
        "stride 1 where there is padding": (
            size(f"{RIGHT_SIZE} if padding == 0 else size + 2 * padding - reach + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES_HIDDEN], "output_size(31, 4"),
        "a dilation that counts the gaps": (
            size("(size + 2 * padding - (kernel + dilation * (kernel - 1))) // stride + 1", FITS),
            [SIZE, SIZE_HIDDEN, REFUSES, REFUSES_HIDDEN], "output_size"),
        "None instead of an error": (
            answer("output_size(size, kernel, stride=1, padding=0, dilation=1)", f"""
                reach = dilation * (kernel - 1) + 1
                return {RIGHT_SIZE} if {FITS} else None
            """), [REFUSES, REFUSES_HIDDEN], "gives None"),
        "another kind of error": (
            size(RIGHT_SIZE, FITS).replace("ValueError", "TypeError"), [REFUSES, REFUSES_HIDDEN], "raises TypeError"),
        "a negative padding passes": (
            size(RIGHT_SIZE, FITS.replace(" and padding >= 0", "")), [REFUSES, REFUSES_HIDDEN], "padding=-1"),
        "a dilation of 0 passes": (
            size(RIGHT_SIZE, FITS.replace(", dilation)", ", 1)")), [REFUSES, REFUSES_HIDDEN], "dilation=0"),
        "a size of 0 passes": (
            size(RIGHT_SIZE, FITS.replace("min(size, ", "min(1, ")), [REFUSES, REFUSES_HIDDEN], "size=0"),
        "a kernel of 0 passes": (
            size(RIGHT_SIZE, FITS.replace("kernel, stride, d", "stride, d")), [REFUSES, REFUSES_HIDDEN], "kernel=0"),
        "padding is never more than half of the kernel": (
            size(RIGHT_SIZE, f"{FITS} and 2 * padding <= kernel"), [SIZE, SIZE_HIDDEN], "impossible"),
        "never refuses": (size(RIGHT_SIZE), [REFUSES, REFUSES_HIDDEN], "gives 0"),
        "0 instead of an error": (
            size(f"max(0, {RIGHT_SIZE}) if stride > 0 else 0"),
            [REFUSES, REFUSES_HIDDEN], "raise ValueError"),
        "refuses what just fits": (
            size(RIGHT_SIZE, FITS.replace(">= reach", "> reach")), [REFUSES, REFUSES_HIDDEN], "fits exactly once"),
        "refuses a kernel larger than the bare image": (
            size(RIGHT_SIZE, f"{FITS} and size >= kernel"), [REFUSES, REFUSES_HIDDEN], "With its padding"),
        "a stride of 0 divides": (
            size(RIGHT_SIZE, "size + 2 * padding >= reach"), [REFUSES, REFUSES_HIDDEN], "raises ZeroDivisionError"),
        "asserts instead of raising": (
            answer("output_size(size, kernel, stride=1, padding=0, dilation=1)", f"""
                reach = dilation * (kernel - 1) + 1
                assert {FITS}
                return {RIGHT_SIZE}
            """), [REFUSES, REFUSES_HIDDEN], "raises AssertionError"),
        "negative settings pass": (
            size(RIGHT_SIZE, "size + 2 * padding >= reach and stride != 0"), [REFUSES, REFUSES_HIDDEN], "That makes no sense"),
    },
    "conv2d": {
        "divided by the sum of the kernel": (
            slide(end="return result / (kernel.sum() or 1)"),
            ALL_WINDOWS, "conv2d"),
        "a stride of 2 whatever it is": (
            slide(prepare="stride = 2 if stride > 1 else 1"), [STRIDE, STRIDE_HIDDEN], "stride=3"),
        "a padding of 1 whatever it is": (slide(prepare="padding = min(padding, 1)"), [PADDING, PADDING_HIDDEN], "padding=3"),
        "a dilation of 2 whatever it is": (
            slide(prepare="dilation = 2 if dilation > 1 else 1"), [DILATION, DILATION_HIDDEN], "dilation=4"),
        "reflected at the border": (
            slide(pad='np.pad(image.astype(float), padding, mode="reflect")'),
            [PADDING, PADDING_HIDDEN], "conv2d"),
        "rounded": (
            slide(end="return np.round(result)"),
            [WINDOWS, WINDOWS_HIDDEN, PADDING_HIDDEN, STRIDE_HIDDEN, DILATION_HIDDEN], "conv2d"),
        "the kernel weighted in place": (
            slide(prepare="kernel *= 2; kernel //= 2; kernel += 1"),
            ALL_WINDOWS, "changes its input"),
        "the image cleared in place": (
            slide(end="image[:] = 0; return result"),
            [WINDOWS, PADDING, STRIDE, DILATION], "changes its input"),
        "flipped kernel": (slide(prepare="kernel = kernel[::-1, ::-1]"), ALL_WINDOWS,
                           "CNN layers do not flip it"),
        "height and width swapped": (
            slide(height="output_size(image.shape[1], kernel.shape[1], stride, padding, dilation)",
                  width="output_size(image.shape[0], kernel.shape[0], stride, padding, dilation)"),
            ALL_WINDOWS, "could not be broadcast"),
        "a square kernel taken for granted": (
            slide(columns="kernel.shape[0]", width="output_size(image.shape[1], kernel.shape[0], stride, padding, dilation)"),
            [WINDOWS, WINDOWS_HIDDEN, PADDING_HIDDEN, STRIDE_HIDDEN, DILATION_HIDDEN], "could not be broadcast"),
        "output of the input's type": (
            slide(result="np.zeros((height, width), dtype=image.dtype)", pad="np.pad(image, padding)"),
            [WINDOWS], "floats"),
        "the mean of the products": (slide(end="return result / kernel.size"), ALL_WINDOWS,
                                     "Look for a mean instead of a sum"),
        "the last window forgotten": (
            slide(height="output_size(image.shape[0], kernel.shape[0], stride, padding, dilation) - 1"),
            ALL_WINDOWS, "off by one"),
        "padding ignored": (
            slide(pad="image.astype(float)", height="output_size(image.shape[0], kernel.shape[0], stride, 0, dilation)",
                  width="output_size(image.shape[1], kernel.shape[1], stride, 0, dilation)"),
            [PADDING, PADDING_HIDDEN], "Look at np.pad"),
        "padded at the top and left": (by_size("((padding, 0), (padding, 0))", "padding", "padding"), [PADDING, PADDING_HIDDEN],
                                       "on all four sides"),
        "padded at the bottom and right": (
            by_size("((0, padding), (0, padding))", "padding", "padding"), [PADDING, PADDING_HIDDEN],
                                           "on all four sides"),
        "rows padded only": (
            by_size("((padding, padding), (0, 0))", "2 * padding", "0"),
            [PADDING, PADDING_HIDDEN], "on all four sides"),
        "padded with copies of the border": (
            slide(pad='np.pad(image.astype(float), padding, mode="edge")'), [PADDING, PADDING_HIDDEN], "Pad with zeros"),
        "stride ignored": (
            slide(top="i", left="j", height="output_size(image.shape[0], kernel.shape[0], 1, padding, dilation)",
                  width="output_size(image.shape[1], kernel.shape[1], 1, padding, dilation)"),
            [STRIDE, STRIDE_HIDDEN], "what you get without a stride"),
        "stride along the rows only": (
            slide(left="j", width="output_size(image.shape[1], kernel.shape[1], 1, padding, dilation)"),
            [STRIDE, STRIDE_HIDDEN], "holds for rows and columns"),
        "stride along the columns only": (
            slide(top="i", height="output_size(image.shape[0], kernel.shape[0], 1, padding, dilation)"),
            [STRIDE, STRIDE_HIDDEN], "holds for rows and columns"),
        "windows start at (i, j)": (
            slide(top="i", left="j"),
            [STRIDE, STRIDE_HIDDEN], "starts at pixel (i * stride, j * stride)"),
        "dilation ignored": (
            slide(down="1", right="1", height="output_size(image.shape[0], kernel.shape[0], stride, padding)",
                  width="output_size(image.shape[1], kernel.shape[1], stride, padding)"),
            [DILATION, DILATION_HIDDEN], "2 pixels apart"),
        "gaps one too wide": (
            slide(prepare="dilation = dilation + 1 if dilation > 1 else 1"), [DILATION, DILATION_HIDDEN], "a gap of one pixel"),
        "fat cells instead of gaps": (
            slide(prepare="kernel, dilation = np.kron(kernel, np.ones((dilation, dilation))), 1"),
            [DILATION, DILATION_HIDDEN], "it does not repeat them"),
        "dilated downwards only": (
            slide(right="1", width="output_size(image.shape[1], kernel.shape[1], stride, padding)"),
            [DILATION, DILATION_HIDDEN], "downwards and to the right"),
        "dilated to the right only": (
            slide(down="1", height="output_size(image.shape[0], kernel.shape[0], stride, padding)"),
            [DILATION, DILATION_HIDDEN], "downwards and to the right"),
    },
    "conv_layer": {
        "the bias before the sum": (
            layer(join="sum(one + (0 if bias is None else bias[f]) for one in maps)", end="return result"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "after the sum over the channels"),
        "the bias times the place": (
            layer(end="return result if bias is None else result * bias"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "conv_layer"),
        "a ReLU at the end": (
            layer(end="return np.maximum(result if bias is None else result + bias, 0)"),
            ALL_LAYERS, "conv_layer"),
        "flipped kernels": (
            layer(one="conv2d(image[:, :, c], filters[::-1, ::-1, c, f], stride, padding, dilation)"),
            ALL_LAYERS, "conv_layer"),
        "the stride not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], 1, padding, dilation)"),
            [KERAS, KERAS_HIDDEN], "all three options"),
        "the padding not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], stride, 0, dilation)"), [KERAS, KERAS_HIDDEN], "without"),
        "the bias added to itself in place": (
            layer(end="""if bias is not None:
            bias += 1
            result = result + bias - 1
        return result"""), [FILTERS, FILTERS_HIDDEN], "changes its input"),
        "the mean over the channels": (
            layer(join="sum(maps) / len(maps)"),
            ALL_LAYERS, "Add up what"),
        "the first channel alone": (
            layer(join="maps[0]"),
            ALL_LAYERS, "Every channel counts"),
        "the last channel overwrites": (
            layer(join="maps[-1]"),
            ALL_LAYERS, "do not overwrite"),
        "the channels kept apart": (
            layer(join="np.stack(maps, axis=-1)", stack="np.concatenate(outputs, axis=-1)"),
            ALL_LAYERS, "add up over the channels"),
        "one kernel for all channels": (
            layer(one="conv2d(image[:, :, c], filters[:, :, 0, f], stride, padding, dilation)"),
            ALL_LAYERS, "a kernel of its own for each channel"),
        "all filters added up": (
            layer(stack="sum(outputs)[:, :, None]"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "an output channel of its own"),
        "filters first": (
            layer(stack="np.stack(outputs)", end="return result if bias is None else result + bias[:, None, None]"),
            ALL_LAYERS, "The channels come last"),
        "channels and filters swapped": (
            answer("conv_layer(image, filters, bias=None, stride=1, padding=0, dilation=1)", """
                maps = [sum(conv2d(image[:, :, c], filters[:, :, f, c], stride, padding, dilation)
                            for c in range(filters.shape[3])) for f in range(filters.shape[2])]
                return np.stack(maps, axis=-1) + (0 if bias is None else bias)
            """),
            ALL_LAYERS, "the shape is (2, 2, 2), expected (2, 2, 1)"),
        "bias forgotten": (layer(end="return result"), [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "Add bias[f]"),
        "bias once a channel": (
            layer(end="return result if bias is None else result + filters.shape[2] * bias"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "after the sum over the channels"),
        "bias once a weight": (
            layer(end="return result if bias is None else result + filters[..., 0].size * bias"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "after all the sums"),
        "the first bias for all": (
            layer(end="return result if bias is None else result + bias[0]"),
            [FILTERS, FILTERS_HIDDEN, KERAS, KERAS_HIDDEN], "belongs to filter f"),
        "no bias is an error": (
            layer(end="return result + bias"),
            [CHANNELS, CHANNELS_HIDDEN, FILTERS, FILTERS_HIDDEN], "NoneType"),
        "options not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f])"), [KERAS, KERAS_HIDDEN], "all three options"),
        "dilation not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], stride, padding)"),
            [KERAS, KERAS_HIDDEN], "all three options"),
        "padding before stride": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], padding, stride, dilation)"),
            ALL_LAYERS, "stride"),
    },
    "pool": {
        "windows of 2 always": (
            pooling(step="stride").replace("stride = size if", "size = 2\n    stride = size if"),
            [MAX, BORDER, POOL_HIDDEN], "pool"),
        "a stride of 2 always": (pooling(stride="2"), [BORDER, POOL_HIDDEN], "pool"),
        "the largest in absolute value": (
            pooling(largest="np.nanmax(np.abs(window), axis=(0, 1))"), [BORDER, POOL_HIDDEN], "pool"),
        "the median": (pooling(average="np.nanmedian(window, axis=(0, 1))"), [AVERAGE, POOL_HIDDEN], "pool"),
        "average instead of maximum": (
            pooling(largest="np.nanmean(window, axis=(0, 1))"), [MAX, BORDER, POOL_HIDDEN], '"max" is asked for'),
        "minimum": (
            pooling(largest="np.nanmin(window, axis=(0, 1))"),
            [MAX, BORDER, POOL_HIDDEN], "The largest value is asked for"),
        "a stride of 1": (pooling(stride="stride or 1"), [MAX, AVERAGE, POOL_HIDDEN], "stand side by side"),
        "the stride ignored": (pooling(stride="size"), [MAX, BORDER, POOL_HIDDEN], "where it is given"),
        "keeps windows that stick out": (pooling(rounding=" + (-image.shape[{axis}]) % stride").replace(
            "image.shape[0] + (-image.shape[{axis}])", "image.shape[0] + (-image.shape[0])").replace(
            "image.shape[1] + (-image.shape[{axis}])", "image.shape[1] + (-image.shape[1])"),
            [MAX, POOL_HIDDEN], "5 x 7 has room for"),
        "the largest of all channels": (
            pooling(largest="np.nanmax(window)"),
            [MAX, POOL_HIDDEN], "Each channel is pooled by itself"),
        "kind ignored": (pooling(choose="True"), [AVERAGE, POOL_HIDDEN], "Is `kind` looked at"),
        "the sum": (pooling(average="np.nansum(window, axis=(0, 1))"), [AVERAGE, BORDER, POOL_HIDDEN], "An average divides"),
        "whole numbers": (pooling(dtype="int"), [AVERAGE, POOL_HIDDEN], "Give the output floats"),
        "the average of all channels": (
            pooling(average="np.nanmean(window)"), [AVERAGE, POOL_HIDDEN], 'kind="average"'),
        "padded zeros win": (pooling(border="0"), [BORDER, POOL_HIDDEN], "must lose even against -9"),
        "padded zeros in the average": (
            pooling(border="-np.inf", average="np.where(window > -np.inf, window, 0).mean(axis=(0, 1))"),
            [BORDER, POOL_HIDDEN], "the number of real pixels"),
        "the average divides by the whole window": (
            pooling(average="np.nansum(window, axis=(0, 1)) / size**2"), [BORDER, POOL_HIDDEN], "the number of real pixels"),
        "padding with -1000 is averaged": (pooling(border="-1000"), [BORDER, POOL_HIDDEN], "a flat image stays flat"),
    },
    "count_parameters": {
        "filters without depth": (
            parameters("kernel * kernel * filters + filters * bias"),
            [COUNT, GROUPS, COUNT_HIDDEN], "as deep as its input"),
        "no bias": (
            parameters("kernel * kernel * (channels // groups) * filters"),
            [COUNT, GROUPS, COUNT_HIDDEN], "Where is the bias"),
        "a bias for every weight": (
            parameters("kernel * kernel * (channels // groups) * filters * (2 if bias else 1)"),
            [COUNT, GROUPS, COUNT_HIDDEN], "for each FILTER"),
        "a bias for every input channel": (
            parameters("kernel * kernel * (channels // groups) * filters + channels * bias"),
            [COUNT, GROUPS, COUNT_HIDDEN], "for each FILTER"),
        "one bias for all": (
            parameters("kernel * kernel * (channels // groups) * filters + bias"),
            [COUNT, GROUPS, COUNT_HIDDEN], "for each FILTER"),
        "a flat kernel": (parameters("kernel * (channels // groups) * filters + filters * bias"), [COUNT, GROUPS, COUNT_HIDDEN],
                          "a height and a width"),
        "the switch for the bias ignored": (
            parameters("(kernel * kernel * (channels // groups) + 1) * filters"), [COUNT, COUNT_HIDDEN], "Is `bias` looked at"),
        "groups ignored": (
            parameters("(kernel * kernel * channels + bias) * filters"),
            [GROUPS, COUNT_HIDDEN], "of its own part only"),
        "everything divided by the groups": (
            parameters("(kernel * kernel * channels + bias) * filters // groups"), [GROUPS, COUNT_HIDDEN], "so are their biases"),
        "fewer filters as well": (
            parameters("kernel * kernel * (channels // groups) * (filters // groups) + filters * bias"),
            [GROUPS, COUNT_HIDDEN], "All 32 filters are still there"),
        "multiplied by the groups": (
            parameters("(kernel * kernel * channels + bias) * filters * groups"), [GROUPS, COUNT_HIDDEN], "of its own part only"),
        "fractions": (
            parameters("(kernel * kernel * channels / groups + bias) * filters"),
            [COUNT, GROUPS, COUNT_HIDDEN], "whole numbers"),
    },
    "count_multiply_adds": {
        "the pixels of the input": (work("height * width * weights"), [WORK, WORK_HIDDEN], "each pixel of the OUTPUT"),
        "one filter": (work("rows * columns * weights // filters"), [WORK, WORK_HIDDEN], "There are six filters"),
        "with the biases": (work("rows * columns * (weights + filters)"), [WORK, WORK_HIDDEN], "Only the weights multiply"),
        "without the depth": (work("rows * columns * kernel * kernel * filters"), [WORK, WORK_HIDDEN], "as deep as its input"),
        "the weights": (work("weights"), [WORK, WORK_HIDDEN], "Each weight is used many times"),
        "stride ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, 1, padding, dilation)",
                 columns="output_size(width, kernel, 1, padding, dilation)"), [WORK, WORK_HIDDEN], "counted without the stride"),
        "stride divides once": (
            work("output_size(height, kernel, 1, padding) * output_size(width, kernel, 1, padding) * weights // stride"),
            [WORK, WORK_HIDDEN], "the stride taken into account once"),
        "padding ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, stride, 0, dilation)",
                 columns="output_size(width, kernel, stride, 0, dilation)"),
                 [WORK, WORK_HIDDEN], "Padding makes the output larger"),
        "the height for both sides": (work("rows * rows * weights"), [WORK, WORK_HIDDEN], "16 high and 9 wide"),
        "groups ignored": (
            work("rows * columns * kernel * kernel * channels * filters"),
            [WORK, WORK_HIDDEN], "How many weights has a layer with groups"),
        "dilation ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, stride, padding)",
                 columns="output_size(width, kernel, stride, padding)"), [WORK, WORK_HIDDEN], "so that fewer places are left"),
        "multiplication and addition count as two": (
            work("2 * rows * columns * weights"), [WORK, WORK_HIDDEN], "2 times the right value"),
    },
    "receptive_field": {
        "the sum of the kernels": (
            field(start="0", grow="dilation * kernel * jump"),
            [FIELD, JUMP, FIELD_HIDDEN], "share a pixel"),
        "starts with nothing": (field(start="0"), [FIELD, JUMP, FIELD_HIDDEN], "already sees itself"),
        "the last kernel only": (
            answer("receptive_field(layers)", "return layers[-1][0]"), [FIELD, JUMP, FIELD_HIDDEN], "themselves seen neighbours"),
        "no layer is an error": (
            field(start="layers[0][0] * 0 + 1"), [FIELD], "IndexError"),
        "dilation ignored": (field(grow="(kernel - 1) * jump"), [FIELD, FIELD_HIDDEN], "how far do its cells stand apart"),
        "the jump forgotten": (field(step="pass"), [JUMP, FIELD_HIDDEN], "neighbours are 2 pixels of the input apart"),
        "the jump taken too early": (
            field(before="jump *= stride", step="pass"), [JUMP, FIELD_HIDDEN], "counts for the layers AFTER it"),
        "the jump of the last stride only": (
            field(step="jump = stride"),
            [JUMP, FIELD_HIDDEN], "those of the layers before stay"),
        "the jumps added": (field(step="jump += stride - 1"), [JUMP, FIELD_HIDDEN], "Jumps multiply"),
        "read backwards": (field(order="reversed(layers)"), [JUMP, FIELD_HIDDEN], "next to the input"),
        "the total stride for all": (
            answer("receptive_field(layers)", """
                field, total = 1, 1
                for kernel, stride, dilation in layers:
                    field += dilation * (kernel - 1)
                    total *= stride
                return field * total
            """), [JUMP, FIELD_HIDDEN], "in FRONT of it"),
    },
    "conv_matrix": {
        "flipped kernel": (
            matrix(put="window[top : top + rows, left : left + columns] = kernel[::-1, ::-1]"),
            [MATRIX, MATRIX_HIDDEN], "it is not flipped"),
        "transposed": (matrix(end="return np.array(matrix).T"), [MATRIX, MATRIX_HIDDEN], "transposed"),
        "the kernel in one piece": (
            matrix(put="window.ravel()[top * width + left : top * width + left + kernel.size] = kernel.ravel()"),
            [MATRIX, MATRIX_HIDDEN], "a whole line of the image later"),
        "columns first": (matrix(row="window.T.ravel()"), [MATRIX, MATRIX_HIDDEN], "Line by line"),
        "stride ignored in the places": (matrix(top="i", left="j"), [MATRIX, MATRIX_HIDDEN], "stride=2"),
        "the height for both sides": (
            matrix(shape="(height, height)"), [MATRIX, MATRIX_HIDDEN], "broadcast"),
        "a stride of 1 always": (
            matrix().replace("rows, columns = kernel.shape", "rows, columns = kernel.shape\n    stride = 1"),
            [MATRIX, MATRIX_HIDDEN], "stride=2"),
        "whole numbers": (matrix(end="return np.array(matrix, dtype=int)"), [MATRIX, MATRIX_HIDDEN], "the matrix of a"),
        "four axes": (matrix(row="window"), [MATRIX, MATRIX_HIDDEN], "A reshape is missing"),
        "lines as long as the image is high": (
            matrix(put="for (r, c), weight in np.ndenumerate(kernel): window.ravel()[(top + r) * height + left + c] = weight"),
            [MATRIX, MATRIX_HIDDEN], "the image of question 2"),
    },
    "conv2d_transpose": {
        "a square image taken for granted": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)",
                       width="(image.shape[0] - 1) * stride + kernel.shape[1]"), [TRANSPOSE, TRANSPOSE_HIDDEN], "matmul"),
        "a square kernel taken for granted": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)",
                       width="(image.shape[1] - 1) * stride + kernel.shape[0]"), [TRANSPOSE, TRANSPOSE_HIDDEN], "matmul"),
        "a stride of 2 whatever it is": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)").replace(
                "height = (image", "stride = min(stride, 2)\n    height = (image"), [TRANSPOSE, TRANSPOSE_HIDDEN], "stride 3"),
        "copies divided by how many overlap": (
            transposed("((matrix.T @ image.ravel()) / np.maximum((matrix.T != 0).sum(axis=1), 1)).reshape(height, width)"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "conv2d_transpose"),
        "not transposed": (
            transposed("(matrix @ image.ravel()).reshape(height, width)"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "matmul"),
        "the pseudo-inverse": (
            transposed("(np.linalg.pinv(matrix) @ image.ravel()).reshape(height, width)"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "not inverted"),
        "flipped kernel": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)", kernel="kernel[::-1, ::-1]"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "puts down one copy of the kernel, as it is"),
        "transposed kernel": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)", kernel="kernel.T"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "stand in another order"),
        "pixels repeated": (
            answer("conv2d_transpose(image, kernel, stride=1)", "return np.kron(image, np.ones((stride, stride)))"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "Where is the kernel"),
        "stride ignored": (
            answer("conv2d_transpose(image, kernel, stride=1)", """
                height, width = image.shape[0] + kernel.shape[0] - 1, image.shape[1] + kernel.shape[1] - 1
                return (conv_matrix(kernel, height, width).T @ image.ravel()).reshape(height, width)
            """), [TRANSPOSE, TRANSPOSE_HIDDEN], "the shape is (3, 3), expected (4, 4)"),
        "the last copy wins": (
            answer("conv2d_transpose(image, kernel, stride=1)", """
                rows, columns = kernel.shape
                result = np.zeros(((image.shape[0] - 1) * stride + rows, (image.shape[1] - 1) * stride + columns))
                for (i, j), value in np.ndenumerate(image):
                    result[i * stride : i * stride + rows, j * stride : j * stride + columns] = value * kernel
                return result
            """), [TRANSPOSE, TRANSPOSE_HIDDEN], "they add up"),
        "size times stride": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)",
                       height="image.shape[0] * stride", width="image.shape[1] * stride"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "matmul"),
        "not put into lines again": (
            transposed("matrix.T @ image.ravel()"),
            [TRANSPOSE, TRANSPOSE_HIDDEN], "A reshape is missing"),
    },
    "edge_strength": {
        "as somebody wrote it": (
            edges(grey="photo.sum(axis=2, dtype=photo.dtype) // photo.shape[2]", other="sobel[::-1, ::-1]", options=", padding=1",
                  result="np.abs(r) + np.abs(d)"), [EDGES, EDGES_HIDDEN], "(6, 8), expected (4, 6)"),
        "grey in uint8 still": (
            edges(grey="photo.sum(axis=2, dtype=photo.dtype) // photo.shape[2]"), [EDGES, EDGES_HIDDEN], "edge_strength"),
        "the kernel turned round, not transposed": (edges(other="sobel[::-1, ::-1]"), [EDGES, EDGES_HIDDEN], "edge_strength"),
        "whole numbers of grey": (
            edges(grey="photo.sum(axis=2, dtype=int) // photo.shape[2]"), [EDGES, EDGES_HIDDEN], "edge_strength"),
        "one direction": (edges(result="np.abs(r)"), [EDGES, EDGES_HIDDEN], "Two filters, two directions"),
        "both changes added": (edges(result="np.abs(r) + np.abs(d)"), [EDGES, EDGES_HIDDEN], "Pythagoras"),
        "added with their signs": (edges(result="r + d"), [EDGES, EDGES_HIDDEN], "Pythagoras"),
        "the larger of the two": (edges(result="np.maximum(np.abs(r), np.abs(d))"), [EDGES, EDGES_HIDDEN], "Pythagoras"),
        "no square root": (edges(result="r**2 + d**2"), [EDGES, EDGES_HIDDEN], "square root missing"),
        "Prewitt": (edges(sobel="[[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]"), [EDGES, EDGES_HIDDEN], "counts twice"),
        "scaled": (edges(result="np.hypot(r, d) / 8"), [EDGES, EDGES_HIDDEN], "Do not scale"),
        "the sum of the channels": (edges(grey="photo.sum(axis=2, dtype=float)"), [EDGES, EDGES_HIDDEN], "Grey is the MEAN"),
        "the first channel": (edges(grey="photo[:, :, 0]"), [EDGES, EDGES_HIDDEN], "Grey is the MEAN"),
        "padded": (edges(options=", padding=1"), [EDGES, EDGES_HIDDEN], "(6, 8), expected (4, 6)"),
        "padded, and the border cut off at one side": (
            edges(options=", padding=1", result="np.hypot(r, d)[2:, 2:]"), [EDGES, EDGES_HIDDEN], "edge_strength"),
        "both slopes": (edges(result="np.stack([r, d], axis=-1)"), [EDGES, EDGES_HIDDEN], "axis too many"),
        "scaled to 1": (edges(result="np.hypot(r, d) / max(np.hypot(r, d).max(), 1e-9)"), [EDGES, EDGES_HIDDEN], "edge_strength"),
        "grey made in place": (
            edges().replace("sobel = np", "photo[:] = photo.mean(axis=2, keepdims=True)\n    sobel = np"),
            [EDGES], "changes its input"),
    },
}

SIGNATURES = {
    "output_size": "output_size(size, kernel, stride=1, padding=0, dilation=1)",
    "conv2d": "conv2d(image, kernel, stride=1, padding=0, dilation=1)",
    "conv_layer": "conv_layer(image, filters, bias=None, stride=1, padding=0, dilation=1)",
    "pool": 'pool(image, size=2, stride=None, padding=0, kind="max")',
    "count_parameters": "count_parameters(channels, filters, kernel, groups=1, bias=True)",
    "count_multiply_adds":
        "count_multiply_adds(height, width, channels, filters, kernel, stride=1, padding=0, dilation=1, groups=1)",
    "receptive_field": "receptive_field(layers)",
    "conv_matrix": "conv_matrix(kernel, height, width, stride=1)",
    "conv2d_transpose": "conv2d_transpose(image, kernel, stride=1)",
    "edge_strength": "edge_strength(photo)",
}


def right(question, body):
    """A right answer in another style."""
    return answer(SIGNATURES[question], body)


RIGHT = {
    "output_size": {
        "counted": right("output_size", """
            for name, value, least in [("size", size, 1), ("kernel", kernel, 1), ("stride", stride, 1),
                                       ("padding", padding, 0), ("dilation", dilation, 1)]:
                if value < least:
                    raise ValueError(f"{name} is {value}")
            places = range(-padding, size + padding - dilation * (kernel - 1), stride)
            if not places:
                raise ValueError("does not fit")
            return len(places)
        """),
        "a class of one's own": """class DoesNotFit(ValueError):
    pass


""" + right("output_size", """
            if size < 1 or kernel < 1 or stride < 1 or dilation < 1 or padding < 0:
                raise DoesNotFit("makes no sense")
            result = int((size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)
            if result < 1:
                raise DoesNotFit(result)
            return np.int64(result)
        """),
        "math.floor, after a warning": right("output_size", """
            import math
            import warnings
            if min(size, kernel, stride, dilation, padding + 1) < 1 or size + 2 * padding < dilation * (kernel - 1) + 1:
                warnings.warn("the kernel does not fit")
                raise ValueError
            return math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
        """),
    },
    "conv2d": {
        "four loops": right("conv2d", """
            high, wide = image.shape
            rows = output_size(high, kernel.shape[0], stride, padding, dilation)
            columns = output_size(wide, kernel.shape[1], stride, padding, dilation)
            result = [[0.0] * columns for _ in range(rows)]
            for i in range(rows):
                for j in range(columns):
                    for a in range(kernel.shape[0]):
                        for b in range(kernel.shape[1]):
                            y, x = i * stride + a * dilation - padding, j * stride + b * dilation - padding
                            if 0 <= y < high and 0 <= x < wide:
                                result[i][j] += float(image[y, x]) * float(kernel[a, b])
            return np.array(result)
        """),
        "sliding_window_view and einsum, float32": right("conv2d", """
            padded = np.pad(image.astype("float32"), padding)
            reach = [dilation * (side - 1) + 1 for side in kernel.shape]
            windows = np.lib.stride_tricks.sliding_window_view(padded, reach)[::stride, ::stride, ::dilation, ::dilation]
            return np.einsum("ijab,ab->ij", windows, kernel.astype("float32"))
        """),
        "SciPy": right("conv2d", """
            from scipy.ndimage import correlate
            from scipy.signal import correlate2d
            spread = np.kron(kernel, np.pad([[1.0]], ((0, dilation - 1), (0, dilation - 1))))
            spread = spread[: dilation * (len(kernel) - 1) + 1, : dilation * (len(kernel[0]) - 1) + 1]
            return correlate2d(np.pad(image, padding).astype(float), spread, "valid")[::stride, ::stride]
        """),
    },
    "conv_layer": {
        "one's own conv2d": right("conv_layer", """
            maps = []
            for f in range(filters.shape[-1]):
                total = 0 if bias is None else bias[f]
                for c in range(filters.shape[2]):
                    total = total + conv2d(image[..., c], filters[..., c, f], stride, padding, dilation)
                maps.append(total)
            return np.dstack(maps)
        """),
        "windows and tensordot": right("conv_layer", """
            sides = ((padding, padding), (padding, padding), (0, 0))
            padded = np.pad(np.asarray(image, dtype=float), sides)
            reach = [dilation * (side - 1) + 1 for side in filters.shape[:2]]
            windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(0, 1))
            windows = windows[::stride, ::stride, :, ::dilation, ::dilation]
            result = np.tensordot(windows, filters, axes=([3, 4, 2], [0, 1, 2]))
            if bias is not None:
                result += bias
            return result
        """),
        "float32 in place": right("conv_layer", """
            result = None
            for f in range(filters.shape[3]):
                one = sum(course_conv2d(image[:, :, c], filters[:, :, c, f], stride=stride, padding=padding, dilation=dilation)
                          for c in range(image.shape[2]))
                if result is None:
                    result = np.zeros((*one.shape, filters.shape[3]), dtype=np.float32)
                result[:, :, f] = one + (0 if bias is None else bias[f])
            return result
        """),
    },
    "pool": {
        "cut windows": right("pool", """
            step = stride or size
            high, wide, channels = image.shape
            rows = []
            for top in range(-padding, high + padding - size + 1, step):
                row = []
                for left in range(-padding, wide + padding - size + 1, step):
                    window = image[max(top, 0) : top + size, max(left, 0) : left + size].reshape(-1, channels)
                    row.append(window.max(axis=0) if kind == "max" else window.mean(axis=0))
                rows.append(row)
            return np.array(rows, dtype=float)
        """),
        "masked arrays": right("pool", """
            stride = size if stride is None else stride
            sides = [(padding, padding)] * 2 + [(0, 0)]
            known = np.pad(np.ones(image.shape), sides)
            padded = np.ma.array(np.pad(image.astype(float), sides), mask=known == 0)
            height = output_size(image.shape[0], size, stride, padding)
            width = output_size(image.shape[1], size, stride, padding)
            summary = np.ma.max if kind == "max" else np.ma.mean
            return np.array([[[float(v) for v in summary(
                padded[i * stride : i * stride + size, j * stride : j * stride + size], axis=(0, 1))]
                for j in range(width)] for i in range(height)])
        """),
        "sliding_window_view, float32": right("pool", """
            step = size if stride is None else stride
            sides = ((padding, padding), (padding, padding), (0, 0))
            padded = np.pad(image.astype(np.float32), sides, constant_values=np.nan)
            windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))[::step, ::step]
            return np.nanmax(windows, axis=(-2, -1)) if kind == "max" else np.nanmean(windows, axis=(-2, -1))
        """),
    },
    "count_parameters": {
        "filter by filter": right("count_parameters", """
            total = 0
            for f in range(filters):
                total += kernel**2 * (channels // groups)
                if bias:
                    total += 1
            return total
        """),
        "the size of an array": right("count_parameters", """
            return np.ones((kernel, kernel, channels // groups, filters)).size + filters * bool(bias)
        """),
        "group by group": right("count_parameters", """
            own = kernel * kernel * channels // groups * (filters // groups)
            return np.int64(groups * own + (filters if bias else 0))
        """),
    },
    "count_multiply_adds": {
        "one's own functions": right("count_multiply_adds", """
            places = 1
            for side in (height, width):
                places *= output_size(side, kernel, stride, padding, dilation)
            return places * count_parameters(channels, filters, kernel, groups, False)
        """),
        "len and range": right("count_multiply_adds", """
            rows, columns = (len(range(0, s + 2 * padding - dilation * (kernel - 1), stride)) for s in (height, width))
            return int(np.prod([rows, columns, kernel, kernel, channels // groups, filters]))
        """),
        "by integer arithmetic on NumPy numbers": right("count_multiply_adds", """
            sides = (np.array([height, width]) + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            return sides.prod() * kernel**2 * channels * filters // groups
        """),
    },
    "receptive_field": {
        "walk back": right("receptive_field", """
            width = 1
            for kernel, stride, dilation in reversed(layers):
                width = (width - 1) * stride + dilation * (kernel - 1) + 1
            return width
        """),
        "recursion": right("receptive_field", """
            if not layers:
                return 1
            (kernel, stride, dilation), *rest = layers
            return dilation * (kernel - 1) + 1 + (receptive_field(rest) - 1) * stride
        """),
        "cumulative products": right("receptive_field", """
            k, s, d = np.array(layers, dtype=int).reshape(-1, 3).T
            jumps = np.concatenate([[1], np.cumprod(s)])[: len(k)]
            return 1 + (d * (k - 1) * jumps).sum()
        """),
    },
    "conv_matrix": {
        "columns from unit images": right("conv_matrix", """
            units = np.eye(height * width).reshape(-1, height, width)
            return np.array([course_conv2d(unit, kernel, stride).ravel() for unit in units]).T
        """),
        "index arithmetic": right("conv_matrix", """
            rows, columns = kernel.shape
            high, wide = (height - rows) // stride + 1, (width - columns) // stride + 1
            matrix = np.zeros((high * wide, height * width))
            for out in range(high * wide):
                i, j = divmod(out, wide)
                for a in range(rows):
                    for b in range(columns):
                        matrix[out, (i * stride + a) * width + j * stride + b] = kernel[a, b]
            return matrix
        """),
        "padded kernels, float32": right("conv_matrix", """
            result = []
            for top in range(0, height - kernel.shape[0] + 1, stride):
                for left in range(0, width - kernel.shape[1] + 1, stride):
                    sides = ((top, height - top - kernel.shape[0]), (left, width - left - kernel.shape[1]))
                    result.append(np.pad(kernel, sides).astype(np.float32).ravel().tolist())
            return np.array(result)
        """),
    },
    "conv2d_transpose": {
        "one's own matrix": right("conv2d_transpose", """
            height = (image.shape[0] - 1) * stride + kernel.shape[0]
            width = (image.shape[1] - 1) * stride + kernel.shape[1]
            return (conv_matrix(kernel, height, width, stride).T @ image.ravel()).reshape(height, width)
        """),
        "zeros between the pixels, then a full convolution": right("conv2d_transpose", """
            from scipy.signal import convolve2d
            spread = np.zeros([(side - 1) * stride + 1 for side in image.shape], dtype=np.float32)
            spread[::stride, ::stride] = image
            return convolve2d(spread, kernel)
        """),
        "einsum and add.at": right("conv2d_transpose", """
            (high, wide), (rows, columns) = image.shape, kernel.shape
            result = np.zeros(((high - 1) * stride + rows, (wide - 1) * stride + columns))
            i, j, a, b = np.indices((high, wide, rows, columns))
            np.add.at(result, (i * stride + a, j * stride + b), np.einsum("ij,ab->ijab", image, kernel))
            return result
        """),
    },
    "edge_strength": {
        "slices": right("edge_strength", """
            g = photo.astype(float).mean(axis=-1)
            r = (g[:, 2:] - g[:, :-2])
            r = r[:-2] + 2 * r[1:-1] + r[2:]
            d = (g[2:] - g[:-2])
            d = d[:, :-2] + 2 * d[:, 1:-1] + d[:, 2:]
            return np.sqrt(r**2 + d**2)
        """),
        "one's own layer": right("edge_strength", """
            sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
            filters = np.stack([sobel, sobel.T], axis=-1)[:, :, None, :]
            return np.linalg.norm(conv_layer(photo.mean(axis=2, keepdims=True), filters), axis=2)
        """),
        "SciPy, float32": right("edge_strength", """
            from scipy import ndimage
            grey = np.mean(photo, axis=2, dtype=np.float32)
            r, d = (ndimage.sobel(grey, axis=axis, mode="constant")[1:-1, 1:-1] for axis in (1, 0))
            return np.abs(r + 1j * d)
        """),
    },
}

DIVIDES = "channels is a multiple of groups"
EQUIVALENT = {
    "conv2d": {
        "without asarray: np.asarray(image, dtype=np.float64) -> image": "the result is an array of floats",
        "without dtype: np.asarray(image, dtype=np.float64) -> np.asarray(image)": "the result is an array of floats",
    },
    "count_parameters": {"operator: channels // groups -> -(-channels // groups)": DIVIDES},
    "count_multiply_adds": {"operator: channels // groups -> -(-channels // groups)": DIVIDES},
}
