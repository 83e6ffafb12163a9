from lossbench.store import protocol_sha256

ABOUT = {"seeds": [0, 1], "protocol": {"metric": "accuracy"}, "losses": ["ce"]}
FOCAL = {"name": "focal", "gamma": {"tune": [1, 5]}}


def test_the_search_is_declared():
    hashes = {
        protocol_sha256(ABOUT | more)
        for more in (
            {},
            {"tune": {"trials": 7}},
            {"tune": {"trials": 9}},
            {"tune": {"trials": 7}, "losses": ["ce", FOCAL]},
            {"tune": {"trials": 7}, "losses": ["ce", FOCAL | {"gamma": {"tune": [1, 9]}}]},
        )
    }
    assert len(hashes) == 5


def test_losses_that_are_not_tuned_are_not_part_of_it():
    tuned = ABOUT | {"tune": {"trials": 7}}
    assert protocol_sha256(tuned) == protocol_sha256(tuned | {"losses": ["ce", "focal"]})
