"""`POST /v1/documents`: a file comes back in another language. Also its text, and a new file."""

import asyncio
import codecs
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, post
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg
from msgspec import UNSET, Meta, Struct, UnsetType

from service.answers import DocumentResponse
from service.api.bodies import JSON, json_only
from service.api.dependencies import CoreDependency
from service.api.documents_openapi import DocumentOperation, FileOperation, TextOperation
from service.api.doubts import counted
from service.api.limits import spent
from service.api.middleware import within
from service.api.problems import problem_responses
from service.api.schemas import Body, Code, Glossary, Source, Target, Translator
from service.api.uploads import Upload, multipart_only, uploaded
from service.errors import InputTooLong, UnreadableDocument
from service.markup.formats import FORMATS, FileFormat, Format, format_of
from service.tasks.documents import TranslatedDocument
from service.tasks.results import TranslationUsage
from service.tasks.translate import Quality, TranslationRequest

__all__ = ["DOCUMENTS", "NewDocument", "TextForm", "TextOfDocument", "TranslateForm"]

File = Annotated[str, Meta(extra_json_schema={"format": "binary"}, description="the file")]
FileKind = Annotated[
    FileFormat, Meta(description="what the file is, where the ending of its name does not say it")
]
GLOSSARY = ("glossary",)
"""The fields whose text is JSON."""

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

NOTHING = TranslationUsage(0, 0, 0, 0)
"""What is used where no model works."""


class TextForm(Body, frozen=True):
    """The form of `POST /v1/documents/text`."""

    file: File
    format: FileKind | UnsetType = UNSET  # in a form nothing is null


class TranslateForm(TextForm, frozen=True, kw_only=True):
    """The form of `POST /v1/documents`; the glossary is a JSON object."""

    target: Target
    source: Source = "en"
    quality: Quality = "balanced"
    glossary: Glossary = msgspec.field(default_factory=dict)
    model: Translator | UnsetType = UNSET

    def request(self) -> TranslationRequest:
        """Returns the task's own words for it."""
        return TranslationRequest(
            texts=(),
            targets=(self.target,),
            source=self.source,
            quality=self.quality,
            glossary=self.glossary,
            model=self.model or None,
        )


class TextOfDocument(Struct, frozen=True):
    """The words of a file: its paragraphs, with an empty line between two."""

    text: str
    characters: int


class NewDocument(Body, frozen=True):
    """`POST /v1/documents/docx`: a heading, and paragraphs below."""

    paragraphs: Annotated[list[str], Meta(max_length=10_000)]
    title: Annotated[str, Meta(max_length=1000)] | None = None
    language: Annotated[Code, Meta(description="ISO 639 code, for proofing")] | None = None


NewDocumentJSON = Annotated[NewDocument, BodyKwarg(media_type=RequestEncodingType.JSON)]


@post(
    "/v1/documents",
    status_code=200,
    operation_id="translate_document",
    operation_class=DocumentOperation,
    summary="Translate a file",
    tags=["documents"],
    guards=[multipart_only],
    responses=problem_responses(400, 404, 408, 413, 415, 422, 429, 500, 503, 504),
)
async def translate_document(
    request: Request[Any, Any, Any], core: CoreDependency
) -> Response[Any]:
    """Only what is language changes: markup, layout, links and code come back as they were."""
    upload = await uploaded(request, TranslateForm, core.settings.max_document_bytes, GLOSSARY)
    form, found = upload.form, _format(upload)
    work = core.documents.translate(form.request(), upload.data, found.name)
    document = await within(request, work, core.settings.deadline_s)
    return _answer(document, _name(upload), found, request.headers.get("accept", ""))


@post(
    "/v1/documents/text",
    status_code=200,
    operation_id="text_of_document",
    operation_class=TextOperation,
    summary="The words of a file",
    tags=["documents"],
    guards=[multipart_only],
    responses=problem_responses(400, 408, 413, 415, 422, 429, 500),
)
async def text_of_document(request: Request[Any, Any, Any], core: CoreDependency) -> TextOfDocument:
    """What `POST /v1/documents` would translate, as plain text."""
    upload = await uploaded(request, TextForm, core.settings.max_document_bytes)
    opened = await core.documents.open(upload.data, _format(upload).name)
    spent(request.scope, NOTHING)
    text = "\n\n".join(block.text.strip() for block in opened.markup.blocks)
    return TextOfDocument(text, len(text))


@post(
    "/v1/documents/docx",
    status_code=200,
    operation_id="make_docx",
    operation_class=FileOperation,
    summary="Make a Word file of paragraphs",
    tags=["documents"],
    guards=[json_only],
    dto=JSON[NewDocument],
    return_dto=None,
    responses=problem_responses(400, 408, 413, 415, 422, 429, 500),
)
async def make_docx(
    request: Request[Any, Any, Any], data: NewDocumentJSON, core: CoreDependency
) -> Response[bytes]:
    """For who has a text and wants a file."""
    size, limit = sum(map(len, data.paragraphs)), core.settings.max_characters
    if size > limit:
        raise InputTooLong("paragraphs", limit=limit, actual=size)
    made = await asyncio.to_thread(_made, data)
    spent(request.scope, NOTHING)
    return _file(made, "document.docx", FORMATS["docx"].media_type, {})


DOCUMENTS = (translate_document, text_of_document, make_docx)
"""The handlers; the first two take files."""


def _answer(document: TranslatedDocument, name: str, found: Format, accept: str) -> Response[Any]:
    """Says it as the client asked: the file, or JSON with the file in it."""
    if _wants_json(accept):
        answer = DocumentResponse.of(document.data, name, found.media_type, document.result)
        return Response(answer)
    [translation] = document.result.translations
    return _file(document.data, name, found.media_type, counted(translation.warnings))


def _name(upload: Upload[TranslateForm]) -> str:
    """What the file is called in its new language: `report.hy.docx`."""
    stem = upload.name.rpartition(".")[0] if format_of(upload.name) else upload.name
    ending = upload.name[len(stem) :] or _format(upload).endings[0]
    return f"{stem or 'document'}.{upload.form.target}{ending}"


def _format(upload: Upload[Any]) -> Format:
    named = upload.form.format
    found = FORMATS[named] if named else format_of(upload.name)
    if found is None:
        endings = ", ".join(ending for one in FORMATS.values() for ending in one.endings)
        raise UnreadableDocument(f"has a name that ends in none of {endings}; or say its format")
    return found


def _made(new: NewDocument) -> bytes:
    from service.markup.docx_making import made  # python-docx takes 0.2 s to import

    return made(new.title or "", new.paragraphs, new.language or "")


def _wants_json(accept: str) -> bool:
    """Whether a client names JSON among what it accepts."""
    kinds = (one.partition(";")[0].strip().lower() for one in accept.split(","))
    return "application/json" in kinds


def _file(data: bytes, name: str, media_type: str, headers: dict[str, str]) -> Response[bytes]:
    """A file to save under a name (RFC 6266; RFC 8187 for what is not ASCII)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(
        data,
        media_type=media_type,
        encoding="utf-16" if data.startswith(UTF_16_MARKS) else "utf-8",
        headers={"Content-Disposition": disposition, **headers},
    )
