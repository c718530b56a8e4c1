"""Routes whose errors take another form than problem details: a page for people, another standard's list."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from vpr_service.problems import Problem, problem_of


class TranslatingRoute(APIRoute):
    """Answers errors by ``translate``; what is nobody's fault but ours goes on to the log."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The answer to a problem."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors translated."""
        handle = super().get_route_handler()

        async def answering(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                problem = problem_of(error)
                if problem.status == 500:
                    raise
                return self.translate(request, problem)

        return answering
