"""An invoice as a PDF: the same words as its page, on as many A4 sheets as it takes, each marked as a test."""

from __future__ import annotations

import io
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from portal.emulator.pages.invoice_summary import Sheet
from portal.emulator.pages.words import state
from portal.emulator.resources.account import MERCHANT_NAME

_MARGIN: Final = 18 * mm
# reportlab keeps this much free inside its frames, in points.
_FRAME_PADDING: Final = 6
_INK: Final = HexColor("#1b2032")
_MUTED: Final = HexColor("#545c72")
_LINE: Final = HexColor("#d9dde6")
_TEXT: Final = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=13, textColor=_INK)
_SMALL: Final = ParagraphStyle("small", _TEXT, fontSize=8, leading=11, textColor=_MUTED)
_STRONG: Final = ParagraphStyle("strong", _TEXT, fontName="Helvetica-Bold")
_RIGHT: Final = ParagraphStyle("right", _TEXT, alignment=TA_RIGHT)
_RIGHT_STRONG: Final = ParagraphStyle("right strong", _STRONG, alignment=TA_RIGHT)
_RIGHT_SMALL: Final = ParagraphStyle("right small", _SMALL, alignment=TA_RIGHT)
_TITLE: Final = ParagraphStyle("title", _STRONG, fontSize=20, leading=26)
_HEADLINE: Final = ParagraphStyle("headline", _STRONG, fontSize=14, leading=20)
_WIDTHS: Final = (84 * mm, 18 * mm, 36 * mm, 36 * mm)


def invoice_pdf(sheet: Sheet) -> bytes:
    """Lay an invoice out. The same invoice gives the same bytes."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN - _FRAME_PADDING,
        rightMargin=_MARGIN - _FRAME_PADDING,
        topMargin=20 * mm,
        bottomMargin=22 * mm,
        title=_printable(f"Invoice {sheet.number}"),
        author=MERCHANT_NAME,
        invariant=True,
        # Left uncompressed, so that the words can be searched for in the file.
        pageCompression=0,
    )

    def mark(canvas: Canvas, _document: Any) -> None:
        _mark_page(canvas, sheet)

    document.build(_content(sheet), onFirstPage=mark, onLaterPages=mark)
    return target.getvalue()


def _content(sheet: Sheet) -> list[Flowable]:
    facts = [("Invoice number", sheet.number), *sheet.facts, ("Status", state(sheet.state))]
    facts_table = Table(
        [[_paragraph(label, _SMALL), _paragraph(value, _TEXT)] for label, value in facts],
        colWidths=(34 * mm, 140 * mm),
        hAlign="LEFT",
    )
    facts_table.setStyle(
        TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1)])
    )
    return [
        _paragraph("Invoice", _TITLE),
        _paragraph(MERCHANT_NAME, _SMALL),
        Spacer(1, 6 * mm),
        facts_table,
        Spacer(1, 5 * mm),
        _paragraph("Bill to", _SMALL),
        *[_paragraph(line, _TEXT) for line in sheet.bill_to],
        Spacer(1, 7 * mm),
        _paragraph(sheet.headline, _HEADLINE),
        *([_paragraph(sheet.memo, _TEXT)] if sheet.memo else []),
        Spacer(1, 4 * mm),
        _lines(sheet),
        Spacer(1, 2 * mm),
        _sums(sheet),
        *([Spacer(1, 6 * mm), _paragraph(sheet.footer, _SMALL)] if sheet.footer else []),
    ]


def _lines(sheet: Sheet) -> Table:
    head = [
        _paragraph("Description", _SMALL), _paragraph("Quantity", _RIGHT_SMALL),
        _paragraph("Unit price", _RIGHT_SMALL), _paragraph("Amount", _RIGHT_SMALL),
    ]  # fmt: skip
    rows: list[list[Any]] = [head]
    for row in sheet.rows:
        words: list[Flowable] = [_paragraph(row.description, _TEXT)]
        if row.period:
            words.append(_paragraph(row.period, _SMALL))
        numbers = [_paragraph(text, _RIGHT) for text in (row.quantity, row.unit, row.amount)]
        rows.append([words, *numbers])
    table = Table(rows, colWidths=_WIDTHS, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _sums(sheet: Sheet) -> Table:
    rows = [
        [
            _paragraph(entry.label, _STRONG if entry.strong else _TEXT),
            _paragraph(entry.amount, _RIGHT_STRONG if entry.strong else _RIGHT),
        ]
        for entry in sheet.sums
    ]
    table = Table(rows, colWidths=(54 * mm, 36 * mm), hAlign="RIGHT")
    table.setStyle(
        TableStyle([("LINEABOVE", (0, 1), (-1, -1), 0.4, _LINE), ("RIGHTPADDING", (-1, 0), (-1, -1), 0)])
    )
    return table


def _mark_page(canvas: Canvas, sheet: Sheet) -> None:
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(Color(0.29, 0.28, 0.84, alpha=0.07))
    canvas.setFont("Helvetica-Bold", 92)
    canvas.translate(width * 0.5, height * 0.5)
    canvas.rotate(35)
    canvas.drawCentredString(0, -30, "TEST")
    canvas.restoreState()
    canvas.saveState()
    canvas.setFillColor(_MUTED)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(
        18 * mm, 12 * mm, _printable(f"{sheet.number} · {sheet.headline} · test invoice, not payable")
    )
    canvas.drawRightString(width - _MARGIN, 12 * mm, f"Page {canvas.getPageNumber()}")
    canvas.restoreState()


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_printable(text)), style)


def _printable(text: str) -> str:
    """Replace what PDF's built-in fonts cannot print."""
    return text.encode("cp1252", "replace").decode("cp1252")
