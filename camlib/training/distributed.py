"""Training by several devices or machines at once: who computes what, and who writes."""


def share_batches(model, strategy):
    """`model.train_on_batch`, with each batch dealt out over the replicas of `strategy`, which has `model` in scope.

    Keras's own (3.15) takes no batch that is dealt out, and on several machines averages a single loss over an axis.
    """
    from ..backend import keras, tf

    replicas = strategy.num_replicas_in_sync
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True

    @tf.function
    def step(images, labels):
        losses = strategy.run(lambda *share: model.train_step(share)["loss"], args=(images, labels))
        return strategy.reduce("mean", losses, axis=None)

    def deal(batch):
        """Every replica's share; scenes of clutter come last in a batch, and strides give some to each."""
        return strategy.experimental_distribute_values_from_function(
            lambda replica: batch[replica.replica_id_in_sync_group :: replicas]
        )

    def train_on_batch(images, labels):
        model.reset_metrics()
        return step(deal(images), deal(labels))

    return train_on_batch


def writes(strategy):
    """Whether this process, of all that train a network under `strategy`, is the one that writes."""
    return strategy is None or strategy.extended.should_checkpoint
