"""Language models as something to talk to: one interface, an OpenAI-compatible endpoint or a GGUF in this process."""
