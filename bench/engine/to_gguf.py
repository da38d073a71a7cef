"""Writes the weights of a Llama in Hugging Face layout as GGUF, for llama_worker.py:

    python bench/engine/to_gguf.py MODEL_DIRECTORY OUT.gguf [--dtype F32]

Needs gguf, numpy and safetensors; reads float32 and float16. There is no tokenizer in the file: it evaluates ids only.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from safetensors import safe_open

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=Path)
parser.add_argument("out")
parser.add_argument("--dtype", choices=["F32", "F16", "Q8_0"], default="F32")
arguments = parser.parse_args()
config = json.loads((arguments.model / "config.json").read_text())
if config["model_type"] != "llama":
    raise SystemExit(f"{config['model_type']} is not supported, only llama")
heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]

writer = gguf.GGUFWriter(arguments.out, "llama")
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_block_count(config["num_hidden_layers"])
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_head_count(heads)
writer.add_head_count_kv(key_heads)
writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
writer.add_rope_freq_base(config["rope_theta"])
writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
writer.add_vocab_size(config["vocab_size"])
writer.add_tokenizer_model("none")


def interleaved(weight, count):
    """llama.cpp rotates neighbouring rows of a head, Hugging Face those half a head apart."""
    rows, columns = weight.shape
    return weight.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)


NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}

for path in sorted(arguments.model.glob("*.safetensors")):
    with safe_open(path, "numpy") as tensors:
        for name in tensors.keys():
            if name == "lm_head.weight" and config.get("tie_word_embeddings"):
                continue
            weight = tensors.get_tensor(name)
            module = name.removesuffix(".weight")
            if "q_proj" in module or "k_proj" in module:
                weight = interleaved(weight, heads if "q_proj" in module else key_heads)
            if module.startswith("model.layers."):
                _, _, layer, rest = module.split(".", 3)
                target = f"blk.{layer}.{NAMES[rest]}.weight"
            else:
                target = f"{NAMES[module]}.weight"
            # llama.cpp keeps vectors in float32 whatever the matrices are in.
            kind = gguf.GGMLQuantizationType[arguments.dtype if weight.ndim > 1 else "F32"]
            values = gguf.quants.quantize(np.ascontiguousarray(weight, dtype=np.float32), kind)
            writer.add_tensor(target, values, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
