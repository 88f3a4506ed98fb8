"""Where a product comes from, back to the source files, and what was made from it."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def chain(archive, given, tmp_path):
    """Enter cube, psf -> aligned -> residual, snr within one run."""
    observation = given.ingest(archive, tmp_path).name
    inputs = archive.inputs(observation)
    run = given.run(archive, observation)
    starts = (inputs["cube"].key, inputs["psf"].key)
    aligned = archive.add_product(given.residual("aligned", observation, run.uid, starts))
    made = (aligned.uid, inputs["psf"].uid)
    last = archive.add_product(given.residual("last", observation, run.uid, made))
    archive.finish_run(run.uid, "finished")
    return {"cube": inputs["cube"], "psf": inputs["psf"], "aligned": aligned, "last": last}


def test_the_graph_leads_back_to_the_source_files(archive, chain):
    graph = archive.provenance(chain["last"].uid)
    products = {thing.attributes["uid"] for thing in graph.entities if thing.kind == "product"}
    files = {thing.attributes["role"] for thing in graph.entities if thing.kind == "file"}

    assert products == {product.uid for product in chain.values()}
    assert files == {"cube", "psf", "angles"}
    assert {deed.kind for deed in graph.activities} == {"run", "step", "ingest"}


def test_each_input_comes_from_its_own_files(archive, chain):
    graph = archive.provenance(chain["last"].uid)
    roles = {thing.id: thing.attributes.get("role") for thing in graph.entities}
    derived = {(new, roles[old]) for new, old in graph.was_derived_from if roles[old]}
    cube, psf = (f"hcdc:product-{chain[name].uid}" for name in ("cube", "psf"))

    assert derived == {(cube, "cube"), (cube, "angles"), (psf, "psf"), (psf, "angles")}


def test_the_graph_leads_forward_too(archive, chain):
    graph = archive.provenance(chain["cube"].uid[:8])
    forward = graph.tree_forward()

    assert forward.entity.attributes["uid"] == chain["cube"].uid
    (aligned,) = forward.branches
    (last,) = aligned.branches
    assert last.entity.attributes["uid"] == chain["last"].uid
    assert last.branches == ()


def test_the_tree_tells_each_branch_once(archive, chain):
    tree = archive.provenance(chain["last"].uid).tree()

    assert tree.activity == "combine-frames"
    first, second = sorted(tree.branches, key=lambda branch: branch.entity.label)
    assert {first.entity.label, second.entity.label} == {"psf", "residual"}

    def lines(branch):
        return [branch, *(line for lower in branch.branches for line in lines(lower))]

    psf = [line for line in lines(tree) if line.entity.label == "psf"]
    assert sorted(line.repeated for line in psf) == [False, True]


def test_the_dictionary_is_prov_json(archive, chain):
    graph = json.loads(json.dumps(archive.provenance(chain["last"].uid).to_dict()))

    things, deeds, agents = (graph[part] for part in ("entity", "activity", "agent"))
    ends = {
        "used": (("prov:activity", deeds), ("prov:entity", things)),
        "wasGeneratedBy": (("prov:entity", things), ("prov:activity", deeds)),
        "wasDerivedFrom": (("prov:generatedEntity", things), ("prov:usedEntity", things)),
        "wasAssociatedWith": (("prov:activity", deeds), ("prov:agent", agents)),
    }
    for relation, sides in ends.items():
        assert graph[relation]
        for told in graph[relation].values():
            assert all(told[side] in known for side, known in sides)
    assert set(graph) == {"prefix", "entity", "activity", "agent", *ends}
    assert all(name.partition(":")[0] in graph["prefix"] for name in (*things, *deeds, *agents))


def test_software_and_person_are_agents(archive, chain):
    graph = archive.provenance(chain["last"].uid)
    agents = {(agent.kind, agent.label) for agent in graph.agents}

    assert {("software", "hcdc-kernel 0.1.0"), ("person", "ana")} <= agents


def test_outputs_of_one_step_share_their_activity(archive, given, chain):
    inputs = (chain["last"].uid,)
    for name in ("one", "two"):
        archive.add_product(given.residual(name, inputs=inputs))
    graph = archive.provenance(chain["last"].uid)
    last = f"hcdc:product-{chain['last'].uid}"

    assert len({activity for activity, thing in graph.used if thing == last}) == 1
    assert sum(old == last for _, old in graph.was_derived_from) == 2


def test_a_product_from_nowhere_stands_alone(archive, given):
    product = archive.add_product(given.residual("alone"))
    graph = archive.provenance(product.uid)

    assert [thing.label for thing in graph.entities] == ["residual"]
    assert graph.was_derived_from == ()
    assert graph.tree().branches == ()
