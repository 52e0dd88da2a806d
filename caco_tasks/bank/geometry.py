"""Geometry: lengths, areas, angles, positions."""

from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

THIRD_ANGLE = """
def third_triangle_angle(first_angle, second_angle):
    two_angles = first_angle + second_angle
    third_angle = 180 - two_angles
    return third_angle
"""


def draw_third_angle(rng: Random) -> FamilyDraw:
    """The third angle of a triangle."""
    first = rng.randint(15, 100)
    # at least 15 degrees are left for the third angle
    second = rng.randint(15, 165 - first)
    both = first + second
    return FamilyDraw(
        values={"first_angle": first, "second_angle": second},
        problem=rng.choice(
            (
                f"Two angles of a triangle measure {first} and {second} degrees. How many degrees is the third angle?",
                f"A triangle has one angle of {first} degrees and another of {second} degrees. Find its last angle.",
                f"What is the third angle, in degrees, of a triangle whose other angles are {first} and {second}?",
            )
        ),
        solution=f"Two angles together: {first} + {second} = {both}.\n"
        f"The angles of a triangle add up to 180: 180 - {both} = {180 - both}.",
        answer=180 - both,
    )


YARD_FENCE = """
def fence_without_gate(yard_length, yard_width, gate_width):
    two_sides = yard_length + yard_width
    perimeter = 2 * two_sides
    fence = perimeter - gate_width
    return fence
"""


def draw_yard_fence(rng: Random) -> FamilyDraw:
    """The fence around a yard with a gate."""
    # the gate fits into the shortest side
    length, width, gate = rng.randint(8, 60), rng.randint(6, 40), rng.randint(2, 5)
    two_sides = length + width
    around = 2 * two_sides
    return FamilyDraw(
        values={"yard_length": length, "yard_width": width, "gate_width": gate},
        problem=rng.choice(
            (
                (
                    f"A rectangular yard is {length} meters long and {width} meters wide. It is fenced all around except "
                    f"for a gate {gate} meters wide. How many meters of fence are needed?"
                ),
                (
                    f"{rng.choice(NAMES)} fences a rectangular yard but leaves a gap of {gate} meters for the gate. The "
                    f"yard measures {length} by {width} meters. How long is the fence in meters?"
                ),
                (
                    f"Find the meters of fence around a yard, a rectangle of length {length} meters and width {width} "
                    f"meters, if the gate of {gate} meters needs no fence."
                ),
            )
        ),
        solution=f"Length and width: {length} + {width} = {two_sides}.\nAll around: 2 * {two_sides} = {around}.\n"
        f"Without the gate: {around} - {gate} = {around - gate} meters.",
        answer=around - gate,
    )


POSTER = """
def poster_height(poster_area, poster_width):
    height = poster_area // poster_width
    return height
"""


def draw_poster(rng: Random) -> FamilyDraw:
    """The height of a poster from its area and width."""
    width = rng.randint(2, 60)
    # a wide poster is low, so that the area is at most 240
    height = rng.randint(2, 12 if width <= 12 else min(9, 240 // width))
    area = width * height
    return FamilyDraw(
        values={"poster_area": area, "poster_width": width},
        problem=rng.choice(
            (
                (
                    f"A rectangular poster has an area of {area} square feet and a width of {width} feet. "
                    "How many feet high is it?"
                ),
                (
                    f"A poster is a rectangle {width} feet wide. It covers {area} square feet of the wall. "
                    "What is its height in feet?"
                ),
                (
                    f"Find the height in feet of a rectangular poster whose width is {width} feet and whose area is "
                    f"{area} square feet."
                ),
            )
        ),
        solution=f"Height is area divided by width: {area} / {width} = {height} feet.",
        answer=height,
    )


ROOF_TRAPEZOID = """
def roof_trapezoid_area(roof_top, roof_bottom, roof_height):
    parallel_sides = roof_top + roof_bottom
    mean_side = parallel_sides // 2
    area = mean_side * roof_height
    return area
"""


def draw_roof_trapezoid(rng: Random) -> FamilyDraw:
    """The area of a roof in the form of a trapezoid."""
    mean, height = rng.randint(5, 20), rng.randint(2, 9)
    # the parallel edges are as far above as below their mean, which is whole, and the shorter one is 2 or more
    step = rng.randint(1, mean - 2)
    top, bottom = mean - step, mean + step
    return FamilyDraw(
        values={"roof_top": top, "roof_bottom": bottom, "roof_height": height},
        problem=rng.choice(
            (
                (
                    f"One side of a roof is a trapezoid. Its top edge is {top} meters, its bottom edge, parallel to the "
                    f"top, is {bottom} meters, and its height is {height} meters. What is its area in square meters?"
                ),
                (
                    f"A trapezoid roof is {height} meters high. Its parallel edges are {top} meters at the top and "
                    f"{bottom} meters at the bottom. How many square meters is it?"
                ),
                (
                    f"Find the area in square meters of a roof shaped like a trapezoid with bottom {bottom} meters, top "
                    f"{top} meters and height {height} meters."
                ),
            )
        ),
        solution=f"The parallel edges together: {top} + {bottom} = {2 * mean}.\nTheir mean: {2 * mean} / 2 = {mean}.\n"
        f"Area: {mean} * {height} = {mean * height} square meters.",
        answer=mean * height,
    )


SQUARED_DISTANCE = """
def squared_distance(tree_x, tree_y, well_x, well_y):
    across = abs(well_x - tree_x)
    up = abs(well_y - tree_y)
    distance_squared = across**2 + up**2
    return distance_squared
"""


def draw_squared_distance(rng: Random) -> FamilyDraw:
    """The square of the distance of two points."""
    (low_x, high_x), (low_y, high_y) = (sorted(rng.sample(range(13), 2)) for _ in "xy")
    # either point may lie on either side, so that the order of the subtraction must be chosen
    tree_x, well_x = rng.choice(((low_x, high_x), (high_x, low_x)))
    tree_y, well_y = rng.choice(((low_y, high_y), (high_y, low_y)))
    across, up = high_x - low_x, high_y - low_y
    return FamilyDraw(
        values={"tree_x": tree_x, "tree_y": tree_y, "well_x": well_x, "well_y": well_y},
        problem=rng.choice(
            (
                (
                    f"On a map a tree is at ({tree_x}, {tree_y}) and a well is at ({well_x}, {well_y}). "
                    "What is the square of the distance between them?"
                ),
                (
                    f"A well has the coordinates ({well_x}, {well_y}). A tree has the coordinates ({tree_x}, {tree_y}). "
                    "Find the squared distance from the tree to the well."
                ),
                (
                    f"The straight path from the tree at ({tree_x}, {tree_y}) to the well at ({well_x}, {well_y}) "
                    "is d long. What is d squared?"
                ),
            )
        ),
        solution=f"Across: {high_x} - {low_x} = {across}.\nUp: {high_y} - {low_y} = {up}.\n"
        f"Squares: {across} * {across} = {across**2}, {up} * {up} = {up**2}.\n"
        f"Sum: {across**2} + {up**2} = {across**2 + up**2}.",
        answer=across**2 + up**2,
    )


TREE_SHADOW = """
def tree_height_from_shadow(pole_height, pole_shadow, tree_shadow):
    times_longer = tree_shadow // pole_shadow
    tree_height = pole_height * times_longer
    return tree_height
"""


def draw_tree_shadow(rng: Random) -> FamilyDraw:
    """The height of a tree from its shadow and that of a pole."""
    height, shadow, times = rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 12)
    long_shadow = shadow * times
    return FamilyDraw(
        values={"pole_height": height, "pole_shadow": shadow, "tree_shadow": long_shadow},
        problem=rng.choice(
            (
                (
                    f"A pole {height} feet high casts a shadow of {shadow} feet. At the same time a tree casts a shadow "
                    f"of {long_shadow} feet. How many feet high is the tree?"
                ),
                (
                    f"The shadow of a tree is {long_shadow} feet long while the shadow of a pole is {shadow} feet long. "
                    f"The pole is {height} feet high. What is the height of the tree in feet?"
                ),
                (
                    f"{rng.choice(NAMES)} measures two shadows in the same sun: {shadow} feet for a pole that is {height} "
                    f"feet high and {long_shadow} feet for a tree. Find the height of the tree in feet."
                ),
            )
        ),
        solution=f"The shadow of the tree is {long_shadow} / {shadow} = {times} times as long.\n"
        f"The tree is {height} * {times} = {height * times} feet high.",
        answer=height * times,
    )


MIRROR_IMAGE = """
def mirror_image_position(lamp_position, mirror_position):
    lamp_to_mirror = mirror_position - lamp_position
    image_position = mirror_position + lamp_to_mirror
    return image_position
"""


def draw_mirror_image(rng: Random) -> FamilyDraw:
    """The place of a lamp's mirror image on a line."""
    lamp, distance = rng.randint(1, 60), rng.randint(2, 40)
    mirror = lamp + distance
    return FamilyDraw(
        values={"lamp_position": lamp, "mirror_position": mirror},
        problem=rng.choice(
            (
                (
                    f"On a number line a lamp is at {lamp} and a mirror is at {mirror}. "
                    "At which number is the mirror image of the lamp?"
                ),
                (
                    f"A mirror stands at {mirror} on a number line. A lamp is at {lamp}, and its image is as far behind "
                    "the mirror as the lamp is in front. Where is the image?"
                ),
                (
                    f"Reflect the position {lamp} of a lamp in a mirror at position {mirror} of the same number line. "
                    "What is the position of the image?"
                ),
            )
        ),
        solution=f"From the lamp to the mirror: {mirror} - {lamp} = {distance}.\n"
        f"As far behind the mirror: {mirror} + {distance} = {mirror + distance}.",
        answer=mirror + distance,
    )


GIFT_PAPER = """
def gift_box_surface(gift_length, gift_width, gift_height):
    top = gift_length * gift_width
    front = gift_length * gift_height
    side = gift_width * gift_height
    three_faces = top + front + side
    paper = 2 * three_faces
    return paper
"""


def draw_gift_paper(rng: Random) -> FamilyDraw:
    """The surface of a box."""
    width, height = rng.randint(2, 8), rng.randint(2, 6)
    # three faces together have at most 150 square inches
    length = rng.randint(2, min(12, (150 - width * height) // (width + height)))
    top, front, side = length * width, length * height, width * height
    total = top + front + side
    return FamilyDraw(
        values={"gift_length": length, "gift_width": width, "gift_height": height},
        problem=rng.choice(
            (
                (
                    f"A gift box is {length} inches long, {width} inches wide and {height} inches high. "
                    "How many square inches of paper cover all its faces?"
                ),
                (
                    f"{rng.choice(NAMES)} wraps a gift box of height {height} inches, width {width} inches and length "
                    f"{length} inches without overlap. How much paper is used, in square inches?"
                ),
                (
                    f"Find the surface area, in square inches, of a gift box with the edges {length}, {width} and "
                    f"{height} inches."
                ),
            )
        ),
        solution=f"Top {length} * {width} = {top}, front {length} * {height} = {front}, "
        f"side {width} * {height} = {side}.\n"
        f"Three faces: {top} + {front} = {top + front}, {top + front} + {side} = {total}.\n"
        f"Each face comes twice: 2 * {total} = {2 * total} square inches.",
        answer=2 * total,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="third_angle", domain="geometry", difficulty=2, code=THIRD_ANGLE, draw=draw_third_angle),
    Family(name="yard_fence", domain="geometry", difficulty=3, code=YARD_FENCE, draw=draw_yard_fence),
    Family(name="poster", domain="geometry", difficulty=1, code=POSTER, draw=draw_poster),
    Family(name="roof_trapezoid", domain="geometry", difficulty=3, code=ROOF_TRAPEZOID, draw=draw_roof_trapezoid),
    Family(name="squared_distance", domain="geometry", difficulty=4, code=SQUARED_DISTANCE, draw=draw_squared_distance),
    Family(name="tree_shadow", domain="geometry", difficulty=2, code=TREE_SHADOW, draw=draw_tree_shadow),
    Family(name="mirror_image", domain="geometry", difficulty=2, code=MIRROR_IMAGE, draw=draw_mirror_image),
    Family(name="gift_paper", domain="geometry", difficulty=5, code=GIFT_PAPER, draw=draw_gift_paper),
)
