"""Who may look, and who may answer: Airflow's own login and rights, for it asks plugins' applications for neither.

Who may read the DAG `caco_nightly` may look. Who may respond to a form of `caco_audit` may answer an audit.
"""

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Request

READ_DAG, AUDIT_DAG = "caco_nightly", "caco_audit"


def may_look(request: Request, user: Annotated[BaseUser, Depends(get_user)]) -> None:
    """Lets those in who may read the DAG of nightly runs; notes the name of the person."""
    request.state.person = user.get_name()
    if not get_auth_manager().is_authorized_dag(method="GET", details=DagDetails(id=READ_DAG), user=user):
        raise HTTPException(403, f"{user.get_name()} may not read the DAG {READ_DAG}, and so not look at its runs.")


def may_answer(user: Annotated[BaseUser, Depends(get_user)]) -> None:
    """Lets those in who may respond to the forms of an audit."""
    if not get_auth_manager().is_authorized_dag(
        method="PUT", access_entity=DagAccessEntity.HITL_DETAIL, details=DagDetails(id=AUDIT_DAG), user=user
    ):
        raise HTTPException(403, f"{user.get_name()} may not respond to forms of the DAG {AUDIT_DAG}.")
