"""Plausible mistakes of week 2: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
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


def edges(*, grey="photo.mean(axis=2, keepdims=True)", sobel="[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]",
          filters="np.stack([sobel, sobel.T], axis=-1)[:, :, None, :]", options="", result="np.hypot(r, d)"):
    """A wrong `edge_strength`."""
    return answer("edge_strength(photo)", f"""
        sobel = np.array({sobel})
        slopes = conv_layer({grey}, {filters}{options})
        r, d = slopes[:, :, 0], slopes[:, :, -1]
        return {result}
    """)


SIZE, REFUSES = "output_size_test", "output_size_refuses_test"
WINDOWS, PADDING, STRIDE, DILATION = (f"conv2d_{part}_test" for part in ("windows", "padding", "stride", "dilation"))
CHANNELS, FILTERS, KERAS = (f"conv_layer_{part}_test" for part in ("channels", "filters", "keras"))
MAX, AVERAGE, BORDER = (f"pool_{part}_test" for part in ("max", "average", "padding"))
COUNT, GROUPS, WORK = "count_parameters_test", "count_parameters_groups_test", "count_multiply_adds_test"
FIELD, JUMP = "receptive_field_test", "receptive_field_jump_test"
MATRIX, TRANSPOSE, EDGES = "conv_matrix_test", "conv2d_transpose_test", "edge_strength_test"

WRONG = {
    "output_size": {
        "true division": (size("(size + 2 * padding - reach) / stride + 1", FITS), [SIZE], "whole steps only"),
        "rounds up": (size("-(-(size + 2 * padding - reach) // stride) + 1", FITS), [SIZE], "whole steps only"),
        "rounds to the nearest": (size("round((size + 2 * padding - reach) / stride) + 1", FITS), [SIZE], "What does // do"),
        "pads one side": (size("(size + padding - reach) // stride + 1", FITS), [SIZE], "An image has two ends"),
        "counts the steps": (size("(size + 2 * padding - reach) // stride", FITS), [SIZE, REFUSES], "before any step"),
        "dilation ignored": (
            size("(size + 2 * padding - kernel) // stride + 1", "size + 2 * padding >= kernel and stride >= 1"),
            [SIZE, REFUSES], "how far does it reach"),
        "dilation times the kernel": (
            size("(size + 2 * padding - dilation * kernel) // stride + 1", FITS), [SIZE], "two gaps between them"),
        "always the size of the input": (size("size", FITS), [SIZE, REFUSES], "has to stay inside"),
        "never refuses": (size(RIGHT_SIZE), [REFUSES], "gives 0"),
        "0 instead of an error": (size(f"max(0, {RIGHT_SIZE}) if stride > 0 else 0"), [REFUSES], "raise ValueError"),
        "refuses what just fits": (
            size(RIGHT_SIZE, FITS.replace(">= reach", "> reach")), [REFUSES], "fits exactly once"),
        "refuses a kernel larger than the bare image": (
            size(RIGHT_SIZE, f"{FITS} and size >= kernel"), [REFUSES], "With its padding"),
        "a stride of 0 divides": (
            size(RIGHT_SIZE, "size + 2 * padding >= reach"), [REFUSES], "raises ZeroDivisionError"),
        "asserts instead of raising": (
            answer("output_size(size, kernel, stride=1, padding=0, dilation=1)", f"""
                reach = dilation * (kernel - 1) + 1
                assert {FITS}
                return {RIGHT_SIZE}
            """), [REFUSES], "raises AssertionError"),
        "negative settings pass": (
            size(RIGHT_SIZE, "size + 2 * padding >= reach and stride != 0"), [REFUSES], "That makes no sense"),
    },
    "conv2d": {
        "flipped kernel": (slide(prepare="kernel = kernel[::-1, ::-1]"), [WINDOWS, PADDING, STRIDE, DILATION],
                           "CNN layers do not flip it"),
        "height and width swapped": (
            slide(height="output_size(image.shape[1], kernel.shape[1], stride, padding, dilation)",
                  width="output_size(image.shape[0], kernel.shape[0], stride, padding, dilation)"),
            [WINDOWS, PADDING, STRIDE, DILATION], "could not be broadcast"),
        "a square kernel taken for granted": (
            slide(columns="kernel.shape[0]", width="output_size(image.shape[1], kernel.shape[0], stride, padding, dilation)"),
            [WINDOWS], "could not be broadcast"),
        "output of the input's type": (
            slide(result="np.zeros((height, width), dtype=image.dtype)", pad="np.pad(image, padding)"),
            [WINDOWS], "floats"),
        "the mean of the products": (slide(end="return result / kernel.size"), [WINDOWS, PADDING, STRIDE, DILATION],
                                     "Look for a mean instead of a sum"),
        "the last window forgotten": (
            slide(height="output_size(image.shape[0], kernel.shape[0], stride, padding, dilation) - 1"),
            [WINDOWS, PADDING, STRIDE, DILATION], "off by one"),
        "padding ignored": (
            slide(pad="image.astype(float)", height="output_size(image.shape[0], kernel.shape[0], stride, 0, dilation)",
                  width="output_size(image.shape[1], kernel.shape[1], stride, 0, dilation)"),
            [PADDING], "Look at np.pad"),
        "padded at the top and left": (by_size("((padding, 0), (padding, 0))", "padding", "padding"), [PADDING],
                                       "on all four sides"),
        "padded at the bottom and right": (by_size("((0, padding), (0, padding))", "padding", "padding"), [PADDING],
                                           "on all four sides"),
        "rows padded only": (by_size("((padding, padding), (0, 0))", "2 * padding", "0"), [PADDING], "on all four sides"),
        "padded with copies of the border": (
            slide(pad='np.pad(image.astype(float), padding, mode="edge")'), [PADDING], "Pad with zeros"),
        "stride ignored": (
            slide(top="i", left="j", height="output_size(image.shape[0], kernel.shape[0], 1, padding, dilation)",
                  width="output_size(image.shape[1], kernel.shape[1], 1, padding, dilation)"),
            [STRIDE], "what you get without a stride"),
        "stride along the rows only": (
            slide(left="j", width="output_size(image.shape[1], kernel.shape[1], 1, padding, dilation)"),
            [STRIDE], "holds for rows and columns"),
        "stride along the columns only": (
            slide(top="i", height="output_size(image.shape[0], kernel.shape[0], 1, padding, dilation)"),
            [STRIDE], "holds for rows and columns"),
        "windows start at (i, j)": (slide(top="i", left="j"), [STRIDE], "starts at pixel (i * stride, j * stride)"),
        "dilation ignored": (
            slide(down="1", right="1", height="output_size(image.shape[0], kernel.shape[0], stride, padding)",
                  width="output_size(image.shape[1], kernel.shape[1], stride, padding)"),
            [DILATION], "2 pixels apart"),
        "gaps one too wide": (
            slide(prepare="dilation = dilation + 1 if dilation > 1 else 1"), [DILATION], "a gap of one pixel"),
        "fat cells instead of gaps": (
            slide(prepare="kernel, dilation = np.kron(kernel, np.ones((dilation, dilation))), 1"),
            [DILATION], "it does not repeat them"),
        "dilated downwards only": (
            slide(right="1", width="output_size(image.shape[1], kernel.shape[1], stride, padding)"),
            [DILATION], "downwards and to the right"),
        "dilated to the right only": (
            slide(down="1", height="output_size(image.shape[0], kernel.shape[0], stride, padding)"),
            [DILATION], "downwards and to the right"),
    },
    "conv_layer": {
        "the mean over the channels": (layer(join="sum(maps) / len(maps)"), [CHANNELS, FILTERS, KERAS], "Add up what"),
        "the first channel alone": (layer(join="maps[0]"), [CHANNELS, FILTERS, KERAS], "Every channel counts"),
        "the last channel overwrites": (layer(join="maps[-1]"), [CHANNELS, FILTERS, KERAS], "do not overwrite"),
        "the channels kept apart": (
            layer(join="np.stack(maps, axis=-1)", stack="np.concatenate(outputs, axis=-1)"),
            [CHANNELS, FILTERS], "add up over the channels"),
        "one kernel for all channels": (
            layer(one="conv2d(image[:, :, c], filters[:, :, 0, f], stride, padding, dilation)"),
            [CHANNELS, FILTERS, KERAS], "a kernel of its own for each channel"),
        "all filters added up": (
            layer(stack="sum(outputs)[:, :, None]"), [FILTERS, KERAS], "an output channel of its own"),
        "filters first": (
            layer(stack="np.stack(outputs)", end="return result if bias is None else result + bias[:, None, None]"),
            [CHANNELS, FILTERS, KERAS], "The channels come last"),
        "channels and filters swapped": (
            answer("conv_layer(image, filters, bias=None, stride=1, padding=0, dilation=1)", """
                maps = [sum(conv2d(image[:, :, c], filters[:, :, f, c], stride, padding, dilation)
                            for c in range(filters.shape[3])) for f in range(filters.shape[2])]
                return np.stack(maps, axis=-1) + (0 if bias is None else bias)
            """), [CHANNELS, FILTERS, KERAS], "the shape is (2, 2, 2), expected (2, 2, 1)"),
        "bias forgotten": (layer(end="return result"), [FILTERS, KERAS], "Add bias[f]"),
        "bias once a channel": (
            layer(end="return result if bias is None else result + filters.shape[2] * bias"),
            [FILTERS, KERAS], "after the sum over the channels"),
        "bias once a weight": (
            layer(end="return result if bias is None else result + filters[..., 0].size * bias"),
            [FILTERS, KERAS], "after all the sums"),
        "the first bias for all": (
            layer(end="return result if bias is None else result + bias[0]"), [FILTERS, KERAS], "belongs to filter f"),
        "no bias is an error": (layer(end="return result + bias"), [CHANNELS, FILTERS], "NoneType"),
        "options not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f])"), [KERAS], "all three options"),
        "dilation not passed on": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], stride, padding)"), [KERAS], "all three options"),
        "padding before stride": (
            layer(one="conv2d(image[:, :, c], filters[:, :, c, f], padding, stride, dilation)"),
            [CHANNELS, FILTERS, KERAS], "stride"),
    },
    "pool": {
        "average instead of maximum": (
            pooling(largest="np.nanmean(window, axis=(0, 1))"), [MAX, BORDER], '"max" is asked for'),
        "minimum": (pooling(largest="np.nanmin(window, axis=(0, 1))"), [MAX, BORDER], "The largest value is asked for"),
        "a stride of 1": (pooling(stride="stride or 1"), [MAX, AVERAGE], "stand side by side"),
        "the stride ignored": (pooling(stride="size"), [MAX, BORDER], "where it is given"),
        "keeps windows that stick out": (pooling(rounding=" + (-image.shape[{axis}]) % stride").replace(
            "image.shape[0] + (-image.shape[{axis}])", "image.shape[0] + (-image.shape[0])").replace(
            "image.shape[1] + (-image.shape[{axis}])", "image.shape[1] + (-image.shape[1])"),
            [MAX, AVERAGE], "5 x 7 has room for"),
        "the largest of all channels": (pooling(largest="np.nanmax(window)"), [MAX, BORDER], "Each channel is pooled by itself"),
        "kind ignored": (pooling(choose="True"), [AVERAGE, BORDER], "Is `kind` looked at"),
        "the sum": (pooling(average="np.nansum(window, axis=(0, 1))"), [AVERAGE, BORDER], "An average divides"),
        "whole numbers": (pooling(dtype="int"), [MAX, AVERAGE, BORDER], "Give the output floats"),
        "the average of all channels": (
            pooling(average="np.nanmean(window)"), [AVERAGE, BORDER], 'kind="average"'),
        "padded zeros win": (pooling(border="0"), [BORDER], "must lose even against -9"),
        "padded zeros in the average": (
            pooling(border="-np.inf", average="np.where(window > -np.inf, window, 0).mean(axis=(0, 1))"),
            [BORDER], "the number of real pixels"),
        "the average divides by the whole window": (
            pooling(average="np.nansum(window, axis=(0, 1)) / size**2"), [BORDER], "the number of real pixels"),
        "padding with -1000 is averaged": (pooling(border="-1000"), [BORDER], "a flat image stays flat"),
    },
    "count_parameters": {
        "filters without depth": (parameters("kernel * kernel * filters + filters * bias"), [COUNT], "as deep as its input"),
        "no bias": (parameters("kernel * kernel * (channels // groups) * filters"), [COUNT, GROUPS], "Where is the bias"),
        "a bias for every weight": (
            parameters("kernel * kernel * (channels // groups) * filters * (2 if bias else 1)"),
            [COUNT, GROUPS], "for each FILTER"),
        "a bias for every input channel": (
            parameters("kernel * kernel * (channels // groups) * filters + channels * bias"), [COUNT, GROUPS], "for each FILTER"),
        "one bias for all": (
            parameters("kernel * kernel * (channels // groups) * filters + bias"), [COUNT, GROUPS], "for each FILTER"),
        "a flat kernel": (parameters("kernel * (channels // groups) * filters + filters * bias"), [COUNT, GROUPS],
                          "a height and a width"),
        "the switch for the bias ignored": (
            parameters("(kernel * kernel * (channels // groups) + 1) * filters"), [COUNT, GROUPS], "Is `bias` looked at"),
        "groups ignored": (parameters("(kernel * kernel * channels + bias) * filters"), [GROUPS], "of its own part only"),
        "everything divided by the groups": (
            parameters("(kernel * kernel * channels + bias) * filters // groups"), [GROUPS], "so are their biases"),
        "fewer filters as well": (
            parameters("kernel * kernel * (channels // groups) * (filters // groups) + filters * bias"),
            [GROUPS], "All 32 filters are still there"),
        "multiplied by the groups": (
            parameters("(kernel * kernel * channels + bias) * filters * groups"), [GROUPS], "of its own part only"),
        "fractions": (parameters("(kernel * kernel * channels / groups + bias) * filters"), [COUNT, GROUPS], "whole numbers"),
    },
    "count_multiply_adds": {
        "the pixels of the input": (work("height * width * weights"), [WORK], "each pixel of the OUTPUT"),
        "one filter": (work("rows * columns * weights // filters"), [WORK], "There are six filters"),
        "with the biases": (work("rows * columns * (weights + filters)"), [WORK], "Only the weights multiply"),
        "without the depth": (work("rows * columns * kernel * kernel * filters"), [WORK], "as deep as its input"),
        "the weights": (work("weights"), [WORK], "Each weight is used many times"),
        "stride ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, 1, padding, dilation)",
                 columns="output_size(width, kernel, 1, padding, dilation)"), [WORK], "counted without the stride"),
        "stride divides once": (
            work("output_size(height, kernel, 1, padding) * output_size(width, kernel, 1, padding) * weights // stride"),
            [WORK], "the stride taken into account once"),
        "padding ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, stride, 0, dilation)",
                 columns="output_size(width, kernel, stride, 0, dilation)"), [WORK], "Padding makes the output larger"),
        "the height for both sides": (work("rows * rows * weights"), [WORK], "16 high and 9 wide"),
        "groups ignored": (
            work("rows * columns * kernel * kernel * channels * filters"), [WORK], "How many weights has a layer with groups"),
        "dilation ignored": (
            work("rows * columns * weights", rows="output_size(height, kernel, stride, padding)",
                 columns="output_size(width, kernel, stride, padding)"), [WORK], "so that fewer places are left"),
        "multiplication and addition count as two": (
            work("2 * rows * columns * weights"), [WORK], "2 times the right value"),
    },
    "receptive_field": {
        "the sum of the kernels": (field(start="0", grow="dilation * kernel * jump"), [FIELD, JUMP], "share a pixel"),
        "starts with nothing": (field(start="0"), [FIELD, JUMP], "already sees itself"),
        "the last kernel only": (
            answer("receptive_field(layers)", "return layers[-1][0]"), [FIELD, JUMP], "themselves seen neighbours"),
        "no layer is an error": (
            field(start="layers[0][0] * 0 + 1"), [FIELD], "IndexError"),
        "dilation ignored": (field(grow="(kernel - 1) * jump"), [FIELD, JUMP], "how far do its cells stand apart"),
        "the jump forgotten": (field(step="pass"), [JUMP], "neighbours are 2 pixels of the input apart"),
        "the jump taken too early": (
            field(before="jump *= stride", step="pass"), [JUMP], "counts for the layers AFTER it"),
        "the jump of the last stride only": (field(step="jump = stride"), [JUMP], "those of the layers before stay"),
        "the jumps added": (field(step="jump += stride - 1"), [JUMP], "Jumps multiply"),
        "read backwards": (field(order="reversed(layers)"), [JUMP], "next to the input"),
        "the total stride for all": (
            answer("receptive_field(layers)", """
                field, total = 1, 1
                for kernel, stride, dilation in layers:
                    field += dilation * (kernel - 1)
                    total *= stride
                return field * total
            """), [JUMP], "in FRONT of it"),
    },
    "conv_matrix": {
        "flipped kernel": (
            matrix(put="window[top : top + rows, left : left + columns] = kernel[::-1, ::-1]"), [MATRIX], "it is not flipped"),
        "transposed": (matrix(end="return np.array(matrix).T"), [MATRIX], "transposed"),
        "the kernel in one piece": (
            matrix(put="window.ravel()[top * width + left : top * width + left + kernel.size] = kernel.ravel()"),
            [MATRIX], "a whole line of the image later"),
        "columns first": (matrix(row="window.T.ravel()"), [MATRIX], "Line by line"),
        "stride ignored in the places": (matrix(top="i", left="j"), [MATRIX], "stride=2"),
        "four axes": (matrix(row="window"), [MATRIX], "A reshape is missing"),
        "lines as long as the image is high": (
            matrix(put="for (r, c), weight in np.ndenumerate(kernel): window.ravel()[(top + r) * height + left + c] = weight"),
            [MATRIX], "the image of question 2"),
    },
    "conv2d_transpose": {
        "not transposed": (transposed("(matrix @ image.ravel()).reshape(height, width)"), [TRANSPOSE], "matmul"),
        "the pseudo-inverse": (
            transposed("(np.linalg.pinv(matrix) @ image.ravel()).reshape(height, width)"), [TRANSPOSE], "not inverted"),
        "flipped kernel": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)", kernel="kernel[::-1, ::-1]"),
            [TRANSPOSE], "puts down one copy of the kernel, as it is"),
        "transposed kernel": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)", kernel="kernel.T"),
            [TRANSPOSE], "stand in another order"),
        "pixels repeated": (
            answer("conv2d_transpose(image, kernel, stride=1)", "return np.kron(image, np.ones((stride, stride)))"),
            [TRANSPOSE], "Where is the kernel"),
        "stride ignored": (
            answer("conv2d_transpose(image, kernel, stride=1)", """
                height, width = image.shape[0] + kernel.shape[0] - 1, image.shape[1] + kernel.shape[1] - 1
                return (conv_matrix(kernel, height, width).T @ image.ravel()).reshape(height, width)
            """), [TRANSPOSE], "the shape is (3, 3), expected (4, 4)"),
        "the last copy wins": (
            answer("conv2d_transpose(image, kernel, stride=1)", """
                rows, columns = kernel.shape
                result = np.zeros(((image.shape[0] - 1) * stride + rows, (image.shape[1] - 1) * stride + columns))
                for (i, j), value in np.ndenumerate(image):
                    result[i * stride : i * stride + rows, j * stride : j * stride + columns] = value * kernel
                return result
            """), [TRANSPOSE], "they add up"),
        "size times stride": (
            transposed("(matrix.T @ image.ravel()).reshape(height, width)",
                       height="image.shape[0] * stride", width="image.shape[1] * stride"),
            [TRANSPOSE], "matmul"),
        "not put into lines again": (transposed("matrix.T @ image.ravel()"), [TRANSPOSE], "A reshape is missing"),
    },
    "edge_strength": {
        "one direction": (
            edges(filters="sobel[:, :, None, None]", result="np.abs(r)"), [EDGES], "Two filters, two directions"),
        "both changes added": (edges(result="np.abs(r) + np.abs(d)"), [EDGES], "Pythagoras"),
        "added with their signs": (edges(result="r + d"), [EDGES], "Pythagoras"),
        "the larger of the two": (edges(result="np.maximum(np.abs(r), np.abs(d))"), [EDGES], "Pythagoras"),
        "no square root": (edges(result="r**2 + d**2"), [EDGES], "square root missing"),
        "Prewitt": (edges(sobel="[[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]"), [EDGES], "counts twice"),
        "scaled": (edges(result="np.hypot(r, d) / 8"), [EDGES], "Do not scale"),
        "the sum of the channels": (
            edges(grey="photo.sum(axis=2, keepdims=True, dtype=float)"), [EDGES], "Grey is the MEAN"),
        "the first channel": (edges(grey="photo[:, :, :1]"), [EDGES], "Grey is the MEAN"),
        "padded": (edges(options=", padding=1"), [EDGES], "the shape is (6, 8), expected (4, 6)"),
        "both slopes": (edges(result="slopes"), [EDGES], "axis too many"),
    },
}
