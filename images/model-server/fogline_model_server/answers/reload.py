"""What HandleReloadConfigRequest answers."""

from typing import Any

from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.messages import ReloadConfigResponse
from fogline_model_server.serving import Serving

FLAG = "--enable_reload_config"


def answer(serving: Serving, request: Any) -> Any:
    """Replace the configuration of the server; return when what it asks for is done.

    Raises
    ------
    ServingError
        PERMISSION_DENIED: the server was not started with the flag. INVALID_ARGUMENT: the request holds no
        list of models. Else what the configuration is refused for.

    """
    if serving.reload is None:
        raise ServingError(
            Code.PERMISSION_DENIED, f"HandleReloadConfigRequest is off: start the server with {FLAG}"
        )
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid_argument(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )
    serving.reload(request.config)
    response = ReloadConfigResponse()
    response.status.SetInParent()
    return response
