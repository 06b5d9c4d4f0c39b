"""Texts of the demo: what captions say of activities, places and backgrounds, and the class texts."""

from vadbench.demo.cameras import AREAS, Place

PHRASES: dict[str, tuple[str, ...]] = {
    "fighting": (
        "people fighting",
        "two people fighting",
        "a fight",
        "fighting",
        "people punching each other",
        "people hitting and kicking each other",
        "a brawl",
    ),
    "fire": ("a fire", "fire", "a burning fire", "flames and smoke", "something burning", "a bin on fire"),
    "accident": (
        "a car accident",
        "car accident",
        "accident",
        "two crashed cars",
        "a car crash",
        "a collision of cars",
        "a road accident",
    ),
    "fall": (
        "a person lying on the ground",
        "people lying on the ground",
        "a person who fell down",
        "a person falling",
        "fall",
        "someone collapsed on the ground",
    ),
    "panic": (
        "a crowd running away",
        "panic",
        "people running away",
        "many people running in panic",
        "people fleeing",
        "a crowd in panic",
    ),
    "walk": ("people walking", "a person walking", "pedestrians walking", "walking", "someone walking by"),
    "talk": ("people talking", "people standing and talking", "people standing", "talking", "a conversation"),
    "cycle": ("a person cycling", "a person riding a bicycle", "a cyclist", "a person on a bike", "cycling"),
    "car": ("cars driving", "a car", "a parked car", "cars on the road", "a car driving", "traffic"),
    "jog": ("a person jogging", "a jogger", "jogging", "someone jogging for sport"),
    "bend": (
        "a person bending down",
        "a person picking something up",
        "someone bending over",
        "bending",
    ),
    "empty": ("an empty scene", "nobody", "an empty place", "empty", "a scene without people"),
}
"""What a caption calls an activity."""

PLACE_PHRASES: dict[Place, tuple[str, str]] = {
    "street": ("on a street", "an empty street"),
    "plaza": ("on a square", "an empty square"),
    "parking": ("in a parking lot", "an empty parking lot"),
    "park": ("in a park", "an empty park"),
    "garage": ("in a garage", "an empty garage"),
}
"""Where something happens, and the place when nothing does."""

NORMAL_PHRASES = ("normal", "a normal scene", "nothing unusual", "normal behaviour", "an ordinary scene")
ABNORMAL_PHRASES = ("abnormal", "an abnormal event", "something unusual", "an anomaly", "danger")
"""What a caption may say of a whole image without naming an activity."""

PREFIXES = (
    "",
    "",
    "",
    "a picture of ",
    "a photo of ",
    "an image of ",
    "a video of ",
    "a video frame of ",
    "a surveillance image of ",
    "a cctv frame showing ",
)
"""What a caption may begin with."""

BACKGROUND_TEXTS = tuple(f"a picture of {area}" for area in AREAS)
"""The 13 texts for normal background of STPrompt, section 3.3."""

LABEL_TEXTS: dict[str, tuple[str, ...]] = {
    "normal": (
        "people walking",
        "people talking",
        "a person jogging",
        "a person cycling",
        "a person bending down",
        "cars driving",
        "an empty scene",
    ),
    "fighting": ("people fighting",),
    "fire": ("a fire",),
    "accident": ("a car accident",),
    "fall": ("a person lying on the ground",),
    "panic": ("a crowd running away",),
}
"""Texts of the classes for nearest-caption accuracy; the class of the nearest text wins."""
