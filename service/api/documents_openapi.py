"""What the OpenAPI document says of routes for files, which Litestar cannot tell by itself."""

from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from service.markup.formats import FORMATS

__all__ = ["DocumentOperation", "FileOperation", "TextOperation"]

FILE = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))


def _struct(name: str) -> OpenAPIMediaType:
    return OpenAPIMediaType(schema=Reference(ref=f"#/components/schemas/{name}"))


def _form(name: str) -> RequestBody:
    return RequestBody(content={"multipart/form-data": _struct(name)}, required=True)


@dataclass
class TextOperation(Operation):
    """Takes a file."""

    def __post_init__(self) -> None:
        self.request_body = _form("TextForm")


@dataclass
class FileOperation(Operation):
    """Answers with a file."""

    def __post_init__(self) -> None:
        _answers_files(self, FORMATS["docx"].media_type)


@dataclass
class DocumentOperation(Operation):
    """Takes a file, and answers with one, or with JSON where that is accepted by name."""

    def __post_init__(self) -> None:
        self.request_body = _form("TranslateForm")
        answer = _answers_files(self, *(one.media_type for one in FORMATS.values()))
        assert answer.content is not None
        assert answer.headers is not None
        answer.content["application/json"] = _struct("DocumentResponse")
        answer.headers["Lur-Warnings"] = OpenAPIHeader(
            description="how many warnings there are; with a file",
            schema=Schema(type=OpenAPIType.INTEGER, minimum=0),
        )


def _answers_files(operation: Operation, *media_types: str) -> OpenAPIResponse:
    answer = OpenAPIResponse(
        description="The file",
        content=dict.fromkeys(media_types, FILE),
        headers={
            "Content-Disposition": OpenAPIHeader(
                description="the name of the file", schema=Schema(type=OpenAPIType.STRING)
            )
        },
    )
    assert operation.responses is not None
    operation.responses["200"] = answer
    return answer
