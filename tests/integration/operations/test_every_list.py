"""Over all declared lists: what is no filter or sort is refused by page and REST alike."""

import pytest

from roomkeeper.operations.subjects import Subject, all_subjects

LISTS = [pytest.param(subject, id=subject.plural) for subject in all_subjects() if subject.has_pages]


@pytest.mark.parametrize("subject", LISTS)
@pytest.mark.parametrize("query", ["colour=red", "sort=nonsense"])
def test_what_is_no_filter_is_refused_on_the_page_as_by_rest(
    subject: Subject, query: str, administrator, signed_in, as_user
):
    page = signed_in(administrator).get(f"/{subject.pages_path}/?{query}")
    assert page.status_code == 400
    if not subject.has_api or subject.within:
        return
    answer = as_user(administrator)("GET", f"{subject.path}?{query}")
    assert answer.status_code == 422
    name = query.partition("=")[0]
    assert name in answer.content.decode()
    assert name in page.content.decode()


def test_the_tree_of_folders_is_narrowed_as_its_list(oslo, bergen, administrator, signed_in, as_user):
    for query in ("search=osl", f"parent={oslo.parent_id}", ""):
        page = signed_in(administrator).get(f"/folders/?{query}")
        listed = as_user(administrator).get(f"folders?{query}")["items"]
        assert {node["folder"].pk for node in page.context["tree"]} == {one["id"] for one in listed}, query
