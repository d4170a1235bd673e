"""Makes the fonts that are printed with from the released ones: `python -m monitoring.reports.fonts.make_fonts FOLDER`.

FOLDER holds `NotoSans_400Regular.ttf` and `NotoSansSC_400Regular.ttf` of the npm packages that README.md names. Shaping
tables are dropped (the PDF library knows none), and so are the historical characters of Extension A: they would add a
third to the size, and names do not hold them but for those of the Table of General Standard Chinese Characters (2013).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

HERE: Final = Path(__file__).parent
SOURCES: Final = {
    "NotoSans_400Regular.ttf": "NotoSans-Regular.ttf",
    "NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
}
EXTENSION_A: Final = range(0x3400, 0x4DC0)
IN_THE_TABLE: Final = frozenset(
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃䓖䓛䓨䓫䓬䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙䶮"
)
DROPPED: Final = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "prep", "gasp", "fpgm", "cvt ", "DSIG")


def make(source: Path, target: Path) -> None:
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=[], glyph_names=False, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += list(DROPPED)
    kept = [code for code in font.getBestCmap() if code not in EXTENSION_A or chr(code) in IN_THE_TABLE]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    font.save(target)


if __name__ == "__main__":
    for released, printed in SOURCES.items():
        make(Path(sys.argv[1]) / released, HERE / printed)
